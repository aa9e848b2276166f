import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';

/** The manifest of an export: what forge wrote, so that it can tell it from what people changed. */
export const manifestFile = 'forge-infra.json';

export interface Manifest {
  /** Of the forge that wrote it. */
  readonly forge: string;
  /** Path with `/` → hex SHA-256. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ExportPlan {
  /** New, or as forge wrote it and now different. */
  readonly write: readonly string[];
  readonly unchanged: readonly string[];
  /** Somebody changed them since, or they were there before the first export. */
  readonly edited: readonly string[];
  /** Written by an earlier forge, and no longer shipped. They stay. */
  readonly left: readonly string[];
}

const manifestSchema = v.object({ forge: v.string(), files: v.record(v.string(), v.string()) });

/** @throws usage: EXPORT_MANIFEST; what a folder, a link or a file in the way is: EXPORT_IN_THE_WAY */
export async function planExport(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<ExportPlan & { readonly manifest: Manifest | undefined }> {
  await refuseFileAbove(folder);
  await refuseInTheWay(folder, '');
  const manifest = await readManifest(folder);
  const write: string[] = [];
  const unchanged: string[] = [];
  const edited: string[] = [];
  for (const [path, bytes] of files) {
    for (const parent of parentsOf(path)) await refuseInTheWay(folder, parent);
    const found = await hashOf(folder, path);
    const wanted = sha256(bytes);
    if (found === wanted) unchanged.push(path);
    else if (found === undefined || found === manifest?.files[path]) write.push(path);
    else edited.push(path);
  }
  const left: string[] = [];
  for (const path of Object.keys(manifest?.files ?? {})) {
    // A manifest is a file that anybody can write: it names nothing outside the folder.
    if (files.has(path) || /(^|\/)\.\.(\/|$)|^\/|\\|:/.test(path)) continue;
    if ((await hashOf(folder, path)) !== undefined) left.push(path);
  }
  return { write, unchanged, edited, left, manifest };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, manifestFile);
  if ((await hashOf(folder, manifestFile)) === undefined) return undefined;
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const read = v.safeParse(manifestSchema, value);
  if (read.success) return read.output;
  throw new ForgeError('usage', `${path} is not what forge infra export wrote.`, {
    code: 'EXPORT_MANIFEST',
    hint: 'Take it back from version control; or remove it, and export with --force.',
  });
}

/** Undefined: nothing is there. A link or a folder is not replaced, and not written through. */
async function hashOf(folder: string, path: string): Promise<string | undefined> {
  const full = join(folder, path);
  const found = await look(full);
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) throw inTheWay(full, 'a symbolic link, which forge does not write through');
  if (!found.isFile()) throw inTheWay(full, 'no file');
  try {
    return sha256(await readFile(full));
  } catch (error) {
    throw fileFailure(error, 'read', full);
  }
}

async function refuseInTheWay(folder: string, path: string): Promise<void> {
  const full = join(folder, path);
  const found = await look(full);
  if (found === undefined) return;
  // The folder itself may be a link: it is the person's own name for it.
  if (found.isSymbolicLink() && path !== '')
    throw inTheWay(full, 'a symbolic link, which forge does not write through');
  if (!found.isDirectory() && !found.isSymbolicLink())
    throw inTheWay(full, 'a file, where a folder should be');
}

/** The nearest of what is there above the folder: a file would be named by nobody, whatever fails below it. */
async function refuseFileAbove(folder: string): Promise<void> {
  for (let [below, at] = [folder, dirname(folder)]; at !== below; [below, at] = [at, dirname(at)]) {
    const found = await look(at);
    if (found === undefined) continue;
    if (found.isFile()) throw inTheWay(at, 'a file, where a folder should be');
    return;
  }
}

async function look(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileFailure(error, 'look at', path);
  }
}

const inTheWay = (path: string, what: string): ForgeError =>
  new ForgeError('usage', `${path} is ${what}.`, {
    code: 'EXPORT_IN_THE_WAY',
    hint: 'Move it away, or export into another folder.',
  });
