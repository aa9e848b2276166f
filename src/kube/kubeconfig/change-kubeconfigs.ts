import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { removeDeadLock, withFileLock } from '../../files/file-lock.ts';
import { makeFolders } from '../../files/private-directory.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';
import { editKubeconfig, type KubeEdit } from './edit-kubeconfig.ts';
import { lockNames } from './kubeconfig-paths.ts';
import { type KubeconfigFile, type Kubeconfigs, readKubeconfigs } from './read-kubeconfigs.ts';

/** What a change does to which file, in the order in which the files are written. */
export interface KubeChange<Result> {
  readonly edits: ReadonlyMap<string, readonly KubeEdit[]>;
  readonly result: Result;
}

export interface KubeChanged<Result> {
  readonly result: Result;
  /** Paths whose content is another now. */
  readonly written: readonly string[];
}

/** kubectl holds its lock for milliseconds; one that lasts was left behind by a kubectl that was killed. */
const patienceMs = 10_000;

/**
 * Plans on what the files say, locks those that would be written as kubectl does (`<file>.lock`), plans anew on what
 * they say then, and replaces them. Nothing is locked or written where nothing changes.
 * Throws what readKubeconfigs and `plan` throw, KUBECONFIG_UNFIT, LOCKED, READ_ONLY, UNSAFE_FILE, FILE_FAILED.
 */
export async function changeKubeconfigs<Result>(
  host: Host,
  plan: (files: Kubeconfigs) => KubeChange<Result>,
): Promise<KubeChanged<Result>> {
  let locked: ReadonlyMap<string, KubeconfigFile> = new Map();
  const edit = rememberingEdit();
  for (;;) {
    const names = new Set<string>();
    for (const { path, target } of locked.values()) {
      for (const name of await lockNames(path, target.path)) names.add(name);
    }
    const attempt = await withLocks(host, [...names].sort(), async () => {
      const planned = await planTexts(host, plan, locked, edit);
      // What is locked, and was looked at, may be behind another link by now.
      const missing = planned.texts.filter(
        ({ file }) => locked.get(file.path)?.target.path !== file.target.path,
      );
      if (missing.length > 0) return planned;
      for (const { file, text } of planned.texts) await replaceFile(file.target.path, text);
      return { ...planned, done: true };
    });
    const written = attempt.texts.map(({ file }) => file.path);
    if (attempt.done) {
      if (written.length === 0) await removeDeadLocks(host, attempt.looked);
      return { result: attempt.result, written };
    }
    for (const { file } of attempt.texts) await prepare(host, file);
    locked = new Map([...locked, ...attempt.texts.map(({ file }) => [file.path, file] as const)]);
  }
}

interface Planned<Result> {
  readonly texts: readonly { readonly file: KubeconfigFile; readonly text: string }[];
  /** Files in which something was to be said, whether it was there or not. */
  readonly looked: readonly KubeconfigFile[];
  readonly result: Result;
  readonly done: boolean;
}

async function planTexts<Result>(
  host: Host,
  plan: (files: Kubeconfigs) => KubeChange<Result>,
  known: ReadonlyMap<string, KubeconfigFile>,
  edit: typeof editKubeconfig,
): Promise<Planned<Result>> {
  const files = await readSettled(host, known);
  const { edits, result } = plan(files);
  const all = [...edits].flatMap(([path, own]) => {
    const file = files.files.find((candidate) => candidate.path === path);
    return file === undefined ? [] : [{ file, text: edit(file, own) }];
  });
  const texts = all.filter(({ file, text }) => text !== file.text);
  return { texts, looked: all.map(({ file }) => file), result, done: false };
}

/** What was planned before the lock is mostly what is written under it, and checking 2 MB twice takes time. */
function rememberingEdit(): typeof editKubeconfig {
  const made = new Map<string, { readonly from: string; readonly edits: string; readonly text: string }>();
  return (file, own) => {
    const edits = JSON.stringify(own);
    const last = made.get(file.path);
    if (last?.from === file.text && last.edits === edits) return last.text;
    const text = editKubeconfig(file, own);
    made.set(file.path, { from: file.text, edits, text });
    return text;
  };
}

/** A forge that was killed between writing and unlocking: this one has nothing to write, and the lock must go. */
async function removeDeadLocks(host: Host, files: readonly KubeconfigFile[]): Promise<void> {
  for (const { path, target } of files) {
    for (const name of await lockNames(path, target.path)) removeDeadLock(host, name);
  }
}

/** kubectl writes in place: who reads meanwhile may see half a file. */
async function readSettled(host: Host, known: ReadonlyMap<string, KubeconfigFile>): Promise<Kubeconfigs> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readKubeconfigs(host, known);
    } catch (error) {
      const half = error instanceof ForgeError && error.code === 'KUBECONFIG_INVALID';
      if (!half || attempt === 4) throw error;
      await sleep(20 * attempt);
      host.signal.throwIfAborted();
    }
  }
}

/** What would make writing fail, or do harm, said before anything is locked. */
async function prepare(host: Host, { path, target }: KubeconfigFile): Promise<void> {
  const shown = target.path === path ? path : `${path} (${target.path})`;
  if (!target.isFile) {
    throw new ForgeError('failed', `${shown} is not a file.`, {
      code: 'READ_ONLY',
      hint: 'Name another: KUBECONFIG=<file>',
    });
  }
  if (target.owner !== undefined && host.userId !== undefined && target.owner !== host.userId) {
    throw new ForgeError('failed', `${shown} belongs to another user.`, {
      code: 'UNSAFE_FILE',
      hint: 'Run forge as that user, or name another file: KUBECONFIG=<file>',
    });
  }
  if (!target.writable) {
    throw new ForgeError('failed', `${shown} is read-only.`, {
      code: 'READ_ONLY',
      hint: `chmod u+w ${target.path}, or name another file: KUBECONFIG=<file>`,
    });
  }
  try {
    makeFolders(dirname(path));
  } catch (error) {
    throw fileFailure(error, 'make the folder', dirname(path));
  }
}

function withLocks<Value>(host: Host, names: readonly string[], use: () => Promise<Value>): Promise<Value> {
  const [name, ...others] = names;
  if (name === undefined) return use();
  const options = { shared: true, waitMilliseconds: patienceMs };
  return withFileLock(host, name, () => withLocks(host, others, use), options);
}
