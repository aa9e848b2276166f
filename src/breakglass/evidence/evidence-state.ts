import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { endOfJournal, type JournalPosition } from '../../audit/read-journal-from.ts';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import { readOwnFile } from '../../files/read-own-file.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';
import { asJsonObject, parseJsonObject } from '../../lib/json-object.ts';
import { isIdentityStoreId, isRequestId, type RequestId } from '../protocol/ids.ts';

/** What of a session's evidence has been delivered from this machine: a file of its own, replaced as a whole. */
export interface EvidenceState {
  readonly id: RequestId;
  /** Whose prefix of the intake it belongs to. */
  readonly userId: string;
  readonly bucket: string;
  /** This machine's name in the pieces; made up. */
  readonly writer: string;
  /** Of the next piece. */
  readonly piece: number;
  /** Number in the key of the next object, as far as is known: another machine may have taken it. */
  readonly number: number;
  /** Where the next line of the journal is. */
  readonly journal: JournalPosition;
  /** Bytes of each stream file that are in pieces. */
  readonly streams: Readonly<Record<string, number>>;
  /** A piece that is on its way: its text is settled before it is sent, so that sending it again is the same. */
  readonly pending: string | undefined;
  /** Epoch milliseconds; later, with nothing left, it is put aside. */
  readonly lookUntil: number;
}

type StateHost = Pick<Host, 'directories' | 'platform' | 'userId' | 'now'>;

/** The longest session, and time to write its summary. */
const lookForMs = 48 * 3_600_000;
const largest = 4 * 1024 * 1024;

const evidenceFolder = (host: Pick<Host, 'directories'>): string => join(host.directories.state, 'evidence');
const pathOf = (host: Pick<Host, 'directories'>, id: RequestId): string =>
  join(evidenceFolder(host), `${id}.json`);
const asidePath = (host: Pick<Host, 'directories'>, id: RequestId): string =>
  join(evidenceFolder(host), `${id}.done`);

/**
 * From now on what the journal says of this session, and all of its streams, is evidence. Called before anything of it is
 * recorded on this machine; again for what comes later, with which it goes on where it was.
 */
export async function openEvidence(
  host: StateHost,
  place: { readonly intakeBucket: string },
  userId: string,
  id: RequestId,
): Promise<void> {
  await ensurePrivateDirectory(host, evidenceFolder(host));
  takeUpAgain(host, id);
  const before = await loadEvidence(host, id);
  await saveEvidence(host, {
    ...(before ?? {
      id,
      userId,
      bucket: place.intakeBucket,
      writer: randomBytes(6).toString('hex'),
      piece: 0,
      number: 0,
      journal: endOfJournal(host),
      streams: {},
      pending: undefined,
    }),
    lookUntil: host.now() + lookForMs,
  });
}

/** Sessions whose evidence is not put aside yet; every command asks. */
export function listEvidence(host: Pick<Host, 'directories'>): readonly RequestId[] {
  try {
    return readdirSync(evidenceFolder(host))
      .flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []))
      .filter(isRequestId)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileFailure(error, 'read the folder', evidenceFolder(host));
  }
}

/** Undefined: there is none. Throws failed EVIDENCE_UNREADABLE. */
export async function loadEvidence(host: StateHost, id: RequestId): Promise<EvidenceState | undefined> {
  const path = pathOf(host, id);
  let text: string | undefined;
  try {
    text = await readOwnFile(host, path, largest);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileFailure(error, 'read', path);
  }
  const state = text === undefined ? undefined : parseState(text);
  if (state?.id === id) return state;
  throw new ForgeError('failed', `What is delivered of ${id} can't be read from ${path}.`, {
    code: 'EVIDENCE_UNREADABLE',
    hint: 'Keep the file, and tell those who look after forge: evidence of this session is still in the journal.',
  });
}

/** On the disk when this resolves. */
export async function saveEvidence(host: StateHost, state: EvidenceState): Promise<void> {
  await replaceFile(pathOf(host, state.id), JSON.stringify({ v: 1, ...state }), { mode: 0o600 });
}

/** Kept, so that nothing is delivered twice should something be added later. */
export function putAside(host: Pick<Host, 'directories'>, id: RequestId): void {
  try {
    renameSync(pathOf(host, id), asidePath(host, id));
  } catch (error) {
    throw fileFailure(error, 'rename', pathOf(host, id));
  }
}

function takeUpAgain(host: Pick<Host, 'directories'>, id: RequestId): void {
  try {
    renameSync(asidePath(host, id), pathOf(host, id));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileFailure(error, 'rename', asidePath(host, id));
  }
}

function parseState(text: string): EvidenceState | undefined {
  const { v, id, userId, bucket, writer, piece, number, journal, streams, pending, lookUntil } =
    parseJsonObject(text) ?? {};
  const position = asJsonObject(journal);
  if (v !== 1 || typeof id !== 'string' || !isRequestId(id)) return undefined;
  if (typeof userId !== 'string' || !isIdentityStoreId(userId) || typeof bucket !== 'string')
    return undefined;
  if (typeof writer !== 'string' || !isCount(piece) || !isCount(number) || !isCount(lookUntil))
    return undefined;
  if (typeof position?.file !== 'string' || !isCount(position.offset)) return undefined;
  if (pending !== undefined && typeof pending !== 'string') return undefined;
  const offsets = Object.entries(asJsonObject(streams) ?? {});
  if (!offsets.every((pair): pair is [string, number] => isCount(pair[1]))) return undefined;
  return {
    id,
    userId,
    bucket,
    writer,
    piece,
    number,
    journal: { file: position.file, offset: position.offset },
    streams: Object.fromEntries(offsets),
    pending,
    lookUntil,
  };
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
