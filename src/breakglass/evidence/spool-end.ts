import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import type { Person } from '../protocol/document-parts.ts';
import { encodeEnd } from '../protocol/end.ts';
import type { RequestId } from '../protocol/ids.ts';
import { endKey } from '../protocol/keys.ts';
import { spool } from './spool.ts';

/**
 * That an emergency is over is to be told: nothing else tells AWS, which would take its keys until their own end. On the
 * disk, to be delivered with what else is spooled. Always the same bytes, whoever says it first. Never throws: what can't be
 * told keeps nobody from ending it here.
 */
export async function spoolEnd(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  { intakeBucket }: Pick<BreakGlassPlace, 'intakeBucket'>,
  person: Person,
  id: RequestId,
): Promise<void> {
  const end = encodeEnd({ v: 1, kind: 'end', sessionId: id, user: person });
  const text = Buffer.from(end).toString('utf8');
  try {
    await spool(host, { kind: 'object', bucket: intakeBucket, key: endKey(person.userId, id), text });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    output.warn(`AWS can't be told that ${id} is over, and takes its keys until they end. ${why}`);
  }
}
