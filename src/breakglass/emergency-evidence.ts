import type { BreakGlassPlace } from './break-glass-place.ts';
import type { Person } from './protocol/document-parts.ts';
import type { RequestId } from './protocol/ids.ts';
import { evidenceKey } from './protocol/keys.ts';
import type { SpoolItem } from './spool.ts';

/** One line of evidence of a tier 0 session; `at` in epoch milliseconds. Never a secret. */
export function emergencyEvidence(
  { intakeBucket }: Pick<BreakGlassPlace, 'intakeBucket'>,
  { userId }: Person,
  id: RequestId,
  number: number,
  event: { readonly type: string; readonly at: number } & Readonly<Record<string, unknown>>,
): SpoolItem {
  const line = JSON.stringify({ v: 1, ...event, at: new Date(event.at).toISOString(), userId });
  return { kind: 'object', bucket: intakeBucket, key: evidenceKey(userId, id, number), text: `${line}\n` };
}
