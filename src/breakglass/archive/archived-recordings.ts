import { recordingName } from '../../audit/recording.ts';
import type { AccessAccount } from '../access-account.ts';
import type { SessionId } from '../protocol/ids.ts';
import { type ArchivedStream, type ArchivedStreams, archivedStreams } from './archived-streams.ts';

/** A shell's recording. */
export interface ArchivedRecording extends Pick<ArchivedStream, 'bytes' | 'whole' | 'another'> {
  /** Of the access. */
  readonly id: string;
  /** As the person's journal has it; undefined: that was not delivered. */
  readonly sha256: string | undefined;
}

/** Those of one session, by id. Throws what findArchivedSession throws. */
export async function archivedRecordings(
  account: AccessAccount,
  bucket: string,
  typed: string,
): Promise<{ readonly session: SessionId; readonly recordings: readonly ArchivedRecording[] }> {
  const { session, ...found } = await archivedStreams(account, bucket, typed);
  return { session, recordings: recordingsIn(found) };
}

export function recordingsIn({ streams, events }: ArchivedStreams): readonly ArchivedRecording[] {
  // Of two words the one that was archived first counts.
  const hashes = new Map(
    events
      .toReversed()
      .flatMap((event) =>
        event.type === 'recording.closed' ? [[event.id, String(event.sha256)] as const] : [],
      ),
  );
  const end = recordingName('');
  return streams
    .filter(({ name }) => name.endsWith(end))
    .map(({ name, bytes, whole, another }) => {
      const id = name.slice(0, -end.length);
      return { id, bytes, whole, another, sha256: hashes.get(id) };
    });
}
