import { hash as digest } from 'node:crypto';

/** What happened. Values are plain and short; never a secret. */
export interface JournalEvent {
  /** `access.opened`, `access.closed`, … */
  readonly type: string;
  readonly [name: string]: string | number | boolean | undefined;
}

/** `previous` of the very first record. */
export const firstPrevious = '0'.repeat(64);

/** One line: the record's JSON whose last member is the SHA-256 of the same JSON without that member. */
export function encodeRecord(
  now: number,
  previous: string,
  event: JournalEvent,
): { readonly line: string; readonly hash: string } {
  const body = JSON.stringify({ at: new Date(now).toISOString(), ...event, previous });
  const hash = sha256(body);
  return { line: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

export interface JournalRecord {
  readonly event: JournalEvent & { readonly at: string };
  readonly previous: string;
  readonly hash: string;
}

/** Undefined for a line whose hash is not that of its content. */
export function parseRecord(line: string): JournalRecord | undefined {
  const match = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/.exec(line);
  const [, start, hash] = match ?? [];
  if (start === undefined || hash === undefined || sha256(`${start}}`) !== hash) return undefined;
  try {
    const { previous, ...event } = JSON.parse(`${start}}`) as JournalRecord['event'] & { previous: string };
    return { event, previous, hash };
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return digest('sha256', text, 'hex');
}
