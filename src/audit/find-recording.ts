import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSessionId, matchesShortId, type SessionId } from '../breakglass/protocol/ids.ts';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import type { Host } from '../host.ts';
import { recordingName } from './recording.ts';
import { streamsFolder } from './stream-file.ts';

export interface FoundRecording {
  /** Of the access. */
  readonly id: string;
  /** The session that it was made in. */
  readonly breakGlass: SessionId | undefined;
  readonly path: string;
}

/**
 * Those that `typed` names: an access's id in full or four characters or more of its beginning, or a break-glass
 * session, in full or short, then all of its. Sorted by id.
 */
export function findRecordings(host: Pick<Host, 'directories'>, typed: string): readonly FoundRecording[] {
  const wanted = typed.trim();
  const all = listRecordings(host);
  const exact = all.filter(({ id, breakGlass }) => id === wanted || breakGlass === wanted);
  if (exact.length > 0) return exact;
  return all.filter(
    ({ id, breakGlass }) =>
      (wanted.length >= 4 && id.startsWith(wanted.toLowerCase())) ||
      (breakGlass !== undefined && matchesShortId(wanted, breakGlass)),
  );
}

function listRecordings(host: Pick<Host, 'directories'>): readonly FoundRecording[] {
  const folder = streamsFolder(host);
  const end = recordingName('');
  return namesIn(folder)
    .flatMap((session) =>
      namesIn(join(folder, session))
        .filter((name) => name.endsWith(end))
        .map((name) => ({
          id: name.slice(0, -end.length),
          breakGlass: isSessionId(session) ? session : undefined,
          path: join(folder, session, name),
        })),
    )
    .sort((one, other) => (one.id < other.id ? -1 : 1));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw fileFailure(error, 'read the folder', folder);
  }
}

/** Twice what a recording may have. */
const largest = 128 * 1024 * 1024;

/** The bytes of a regular file, and of nothing else. Throws failed FILE_FAILED, UNSAFE_STREAM. */
export function readRecording(path: string): Buffer {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let file: number | undefined;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(file);
    if (found.isFile() && found.size <= largest) return readFileSync(file);
  } catch (error) {
    throw fileFailure(error, 'read', path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  throw new ForgeError('failed', `${path} is no recording of forge's.`, {
    code: 'UNSAFE_STREAM',
    hint: `Look at it: ls -l ${path}`,
  });
}
