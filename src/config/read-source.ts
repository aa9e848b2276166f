import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Host } from '../host.ts';
import type { SourceFile } from './config-tree.ts';

/** Why a file can't be read, as the end of a sentence that begins with its name. */
interface Unreadable {
  readonly reason: string;
  readonly hint?: string | undefined;
}

const largestSource = 1_048_576;

/** A configuration file's text: UTF-8 without its byte order mark. Synchronous inside, as read-own-file.ts. */
export async function readSource(
  host: Pick<Host, 'platform'>,
  path: string,
): Promise<SourceFile | Unreadable> {
  let file: number | undefined;
  try {
    // Non-blocking: a named pipe without a writer would hold forge for ever.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const found = fstatSync(file);
    if (found.isDirectory())
      return { reason: 'is a folder', hint: `Name the file in it: ${path}/forge.yaml` };
    if (!found.isFile()) return { reason: 'is not a file' };
    if (found.size > largestSource) return { reason: 'is larger than 1 MiB' };
    if (host.platform !== 'win32' && (found.mode & 0o002) !== 0) {
      return { reason: 'can be changed by every user of this machine', hint: `chmod o-w ${path}` };
    }
    return decode(path, readFileSync(file));
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export function isUnreadable(result: SourceFile | Unreadable): result is Unreadable {
  return 'reason' in result;
}

function decode(path: string, bytes: Buffer): SourceFile | Unreadable {
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (utf16) return { reason: 'is UTF-16', hint: 'Save it as UTF-8.' };
  if (bytes.includes(0)) return { reason: 'holds a NUL byte: it is no text' };
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { reason: 'is not UTF-8', hint: 'Save it as UTF-8.' };
  }
}

function failure(error: NodeJS.ErrnoException): Unreadable {
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { reason: 'does not exist' };
    case 'EACCES':
    case 'EPERM':
      return { reason: 'can’t be read: permission denied', hint: 'Check its owner and mode (ls -l).' };
    case 'EISDIR':
      return { reason: 'is a folder' };
    case 'ELOOP':
      return { reason: 'is a circle of symbolic links' };
    default:
      return { reason: `can’t be read: ${error.code ?? error.message}` };
  }
}
