import { findRecordings, readRecording } from '../../audit/find-recording.ts';
import { findRecords } from '../../audit/find-records.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { parseCast } from '../../lib/asciicast.ts';
import { timeText } from './time-text.ts';

/** A recording that can be read, wherever it is. */
export interface Playable {
  /** Of the access. */
  readonly id: string;
  readonly breakGlass: string | undefined;
  /** A file, or where it is in the archive. */
  readonly path: string;
  /** false: pieces of it are missing. */
  readonly whole: boolean;
  /** true: it was delivered twice, and not the same. These are the bytes that were archived first. */
  readonly another: boolean;
  readonly bytes: () => Buffer;
  /** As the journal has it; undefined: the shell is still open, its forge was killed, or nobody knows. */
  readonly sha256: () => Promise<string | undefined>;
}

/** The one that `typed` names; of several the person picks. Throws usage NOT_RECORDED, AMBIGUOUS_ID, NO_SUCH_RECORD. */
export async function findPlayable(context: Context, typed: string, archive: boolean): Promise<Playable> {
  const found = archive ? await inArchive(context, typed) : await onThisMachine(context, typed);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  if (context.prompt.possible) {
    const choices = found.map((value) => ({ name: titleOf(value), value }));
    return context.prompt.select({ message: `Which of the ${found.length}?`, flag: '<id>', choices });
  }
  const most = 10;
  const more = found.length > most ? `\n… and ${found.length - most} more` : '';
  throw new ForgeError('usage', `${JSON.stringify(typed)} has ${found.length} recordings.`, {
    code: 'AMBIGUOUS_ID',
    hint: `Say which${archive ? ', with the session before it: <session>/<access>' : ''}:\n${found.slice(0, most).map(titleOf).join('\n')}${more}`,
  });
}

async function onThisMachine(context: Context, typed: string): Promise<readonly Playable[]> {
  const { host } = context;
  const found = findRecordings(host, typed);
  if (found.length === 0) throw notRecorded((await findRecords(host, typed)).id, 'on this machine');
  return found.map(({ id, breakGlass, path }) => ({
    id,
    breakGlass,
    path,
    whole: true,
    another: false,
    bytes: () => readRecording(path),
    sha256: () => hashInJournal(context, id),
  }));
}

/** `typed`: a session, and behind a slash the beginning of an access's id where it has several. */
async function inArchive(context: Context, typed: string): Promise<readonly Playable[]> {
  const [name = '', beginning = ''] = typed.split('/');
  const [{ archivePlace, auditorAccount }, { archivedRecordings }, { identityParts }] = await Promise.all([
    import('../../breakglass/archive/archive-place.ts'),
    import('../../breakglass/archive/archived-recordings.ts'),
    import('../../identity/identity-parts.ts'),
  ]);
  const place = archivePlace(await context.config());
  const bucket = place.archiveBucket;
  using _progress = context.output.progress(`reading ${bucket}`);
  const account = auditorAccount(identityParts(context), place);
  const { session, recordings } = await archivedRecordings(account, bucket, name);
  const found = recordings.filter(({ id }) => id.startsWith(beginning.toLowerCase()));
  if (found.length === 0) throw notRecorded(session, 'in the archive');
  return found.map(({ id, bytes, whole, another, sha256 }) => ({
    id,
    breakGlass: session,
    path: `${bucket}/sessions/${session}`,
    whole,
    another,
    bytes: () => bytes,
    sha256: async () => sha256,
  }));
}

function notRecorded(id: string, where: string): ForgeError {
  return new ForgeError('usage', `There is no recording of ${id} ${where}.`, {
    code: 'NOT_RECORDED',
    hint: 'forge audit replay --help says what is recorded.',
  });
}

function titleOf({ id, bytes }: Playable): string {
  const header = parseCast(bytes())?.header;
  if (header === undefined) return id;
  return `${id}  ${timeText(new Date(header.timestamp * 1000).toISOString())}  ${header.title}`;
}

async function hashInJournal({ host }: Context, id: string): Promise<string | undefined> {
  try {
    const { records } = await findRecords(host, id);
    const closing = records.find(({ event }) => event.type === 'recording.closed' && event.id === id);
    return typeof closing?.event.sha256 === 'string' ? closing.event.sha256 : undefined;
  } catch (error) {
    if (error instanceof ForgeError && error.code === 'NO_SUCH_RECORD') return undefined;
    throw error;
  }
}
