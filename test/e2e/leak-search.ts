import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { listFiles } from './home-folder.ts';
import { findLeaks, type KnownSecret, type SecretKind } from './secrets.ts';
import type { TracedRun } from './traced-forge.ts';

/** Where a command is meant to put secrets; nowhere else may there be any. */
export interface MeantPlaces {
  readonly stdout?: readonly SecretKind[];
  /** By the name of a program: what its environment variables may hold. */
  readonly environment?: Readonly<Record<string, readonly SecretKind[]>>;
}

/** A sentence for each secret that a run shows where it must not. */
export function leaksOfRun(
  name: string,
  run: TracedRun,
  meant: MeantPlaces,
  secrets: readonly KnownSecret[],
): string[] {
  const search = (place: string, text: string, allowed: readonly SecretKind[] = []) =>
    sentences(`${name}: ${place}`, text, allowed, secrets);
  return [
    ...search('stdout', run.stdout, meant.stdout),
    ...search('stderr', run.stderr),
    ...run.programs.flatMap(({ path, argv, env }) => [
      ...search(`arguments of ${path}`, argv.join('\0')),
      ...search(`environment of ${path}`, env.join('\0'), meant.environment?.[basename(path)]),
    ]),
  ];
}

/** The files that are meant to hold secrets, and which; every other file must hold none. */
const meantFiles: readonly (readonly [RegExp, readonly SecretKind[]])[] = [
  // The cache of sign-ins that forge shares with the AWS CLI and the SDKs.
  [/(^|\/)\.aws\/sso\/cache\/[0-9a-f]{40}\.json$/, ['access token', 'refresh token', 'client secret']],
  // Role credentials outside production, where there is no keychain.
  [/(^|\/)\.cache\/forge\/credentials\/[0-9a-f]{64}\.json$/, ['secret access key', 'session token']],
];

/** The same for every file below a folder; a file with secrets must also be the person's alone. */
export async function leaksInFolder(folder: string, secrets: readonly KnownSecret[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of await listFiles(folder)) {
    const path = join(folder, file);
    const { mode, size } = await stat(path);
    if (size === 0) continue;
    const meant = meantFiles.find(([pattern]) => pattern.test(file))?.[1];
    found.push(...sentences(`file ${file}`, await readFile(path), meant, secrets));
    if (meant !== undefined && (mode & 0o077) !== 0) found.push(`file ${file} can be read by others`);
  }
  return found;
}

function sentences(
  place: string,
  text: string | Buffer,
  allowed: readonly SecretKind[] = [],
  secrets: readonly KnownSecret[],
): string[] {
  const forbidden = secrets.filter(({ kind }) => !allowed.includes(kind));
  return [
    ...new Set(findLeaks(text, forbidden).map(({ kind, form }) => `${place} holds a ${kind} (${form})`)),
  ];
}
