import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { Output } from '../../terminal/output.ts';
import type { CopyWords } from './copy-words.ts';
import type { DownloadHost, RemoteFile } from './download.ts';
import type { RemoteShell } from './remote-shell.ts';
import type { Copied } from './upload.ts';

export interface CopyJob {
  readonly host: DownloadHost & Pick<Host, 'directories'>;
  readonly output: Pick<Output, 'progress'>;
  readonly shell: RemoteShell;
  readonly instanceId: string;
  readonly words: CopyWords;
  readonly recursive: boolean;
  readonly preserve: boolean;
  /** Before any byte of a source moves; what it throws ends the copy. */
  readonly begins: (remotePath: string) => Promise<void>;
  /** After a source has its name on the other side. */
  readonly done: (result: CopyResult, remotePath: string) => Promise<void>;
}

/** One source that was copied. */
export interface CopyResult extends Copied {
  readonly source: string;
  readonly destination: string;
  readonly kind: 'file' | 'folder';
  /** What was left out, and why; foreign text, escaped. */
  readonly warnings: readonly string[];
}

export interface RemotePlace extends Omit<RemoteFile, 'kind'> {
  /** `closed`: a file that the instance's user may not read. `nowhere`: its folder isn't there either. */
  readonly kind: (typeof placeKinds)[number];
}

const placeKinds = ['file', 'folder', 'closed', 'other', 'absent', 'nowhere'] as const;

/** What is at a path on the instance. */
export async function lookAt(shell: RemoteShell, path: string): Promise<RemotePlace> {
  const [verb, size, mode, mtime] = await shell.ask(placeKinds, 'look', path);
  const seconds = digits(mtime, 10);
  return {
    kind: placeKinds.find((kind) => kind === verb) ?? 'other',
    path,
    size: digits(size, 10) ?? 0,
    mode: digits(mode, 8),
    mtime: seconds === undefined ? undefined : seconds * 1000,
  };
}

function digits(word: string | undefined, base: number): number | undefined {
  return word !== undefined && /^\d+$/.test(word) ? Number.parseInt(word, base) : undefined;
}

export function refuseSeveral({ sources, destination }: CopyWords, isFolder: boolean): void {
  if (sources.length > 1 && !isFolder)
    throw noFolder(`Several sources need a folder to go to: ${destination} is none.`);
}

export function noFolder(message: string): ForgeError {
  return new ForgeError('failed', message, { code: 'COPY_NO_FOLDER', hint: 'Make the folder first.' });
}

export function recursiveNeeded(source: string): ForgeError {
  return new ForgeError('usage', `${source} is a folder.`, {
    code: 'COPY_IS_FOLDER',
    hint: 'For a folder and all that is in it: forge ssm cp -r',
  });
}

export function specialFile(source: string): ForgeError {
  return new ForgeError('failed', `${source} is neither a file nor a folder.`, { code: 'COPY_SPECIAL' });
}

export function inTheWay(path: string, what: string): ForgeError {
  return new ForgeError('failed', `${path} is ${what}, and in the way.`, { code: 'COPY_IN_THE_WAY' });
}
