import { deliverEvidence } from '../../src/breakglass/evidence/deliver-evidence.ts';
import { openEvidence } from '../../src/breakglass/evidence/evidence-state.ts';
import { type EvidencePiece, parseEvidence } from '../../src/breakglass/protocol/evidence.ts';
import { newRequestId, type RequestId } from '../../src/breakglass/protocol/ids.ts';
import { openStatementRecord } from '../../src/db/gate/statement-record.ts';
import type { Statement } from '../../src/db/proxy/statement.ts';
import { createTestHost } from './test-host.ts';

const userId = '11111111-2222-4333-8444-555555555555';
export const statementsSession: RequestId = newRequestId(Date.UTC(2026, 10, 21), Buffer.alloc(10, 7));
export const statementsAccess = '3f9c21aa-0000-4000-8000-000000000001';

/** What a person's own forge delivers of a session in which it ran so many statements, in as many pieces, and one more. */
export async function deliveredStatements(
  count: number,
  { killed = false } = {},
): Promise<readonly EvidencePiece[]> {
  const host = createTestHost();
  const pieces: EvidencePiece[] = [];
  const deliver = () =>
    deliverEvidence(host, statementsSession, async () => ({
      putOnce: async (_, bytes) => {
        const piece = parseEvidence(Buffer.from(bytes).toString('utf8'));
        if (piece !== undefined) pieces.push(piece);
        return true;
      },
      get: async () => undefined,
      keys: async () => [],
    }));
  try {
    await openEvidence(host, { intakeBucket: 'intake' }, userId, statementsSession);
    const ids = { id: statementsAccess, breakglass: statementsSession };
    const output = { warn: () => {} };
    const record = await openStatementRecord({ host, output }, ids, { mask: undefined, demanded: true });
    for (let id = 1; id <= count; id++) {
      const statement: Statement = {
        ...{ id, connection: 1, kind: 'query', sql: `select ${id}, 'ä'`, exact: true, standardStrings: true },
        ...{ at: host.now(), values: [], application: 'test', transaction: 'idle' },
      };
      await record.before(statement);
      record.after({
        ...{ statement, end: 'done', tags: ['SELECT 1'], rows: 1, sqlState: undefined, milliseconds: 1 },
        transaction: 'idle',
        at: host.now(),
      });
      await deliver();
    }
    if (!killed) await record[Symbol.asyncDispose]();
    await deliver();
    return pieces;
  } finally {
    host.dispose();
  }
}
