import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Outcome, Statement } from '../../../src/db/proxy/statement.ts';
import { StatementLines } from '../../../src/db/proxy/statement-lines.ts';

const text = fc.string({ unit: 'binary', maxLength: 200 });
const statement: fc.Arbitrary<Statement> = fc.record({
  id: fc.nat(),
  at: fc.constant(0),
  connection: fc.oneof(fc.nat(), fc.constantFrom(1, 2)),
  kind: fc.constantFrom('query', 'prepare', 'bind', 'portal', 'function'),
  sql: text,
  exact: fc.boolean(),
  standardStrings: fc.constant(true),
  values: fc.constant([]),
  application: text,
  transaction: fc.constantFrom('idle', 'open', 'failed'),
});
const outcome: fc.Arbitrary<Omit<Outcome, 'statement' | 'at'>> = fc.record({
  end: fc.constantFrom('done', 'failed', 'lost'),
  tags: fc.array(fc.oneof(text, fc.constantFrom('BEGIN', 'SELECT 1', 'a"\\\n')), { maxLength: 3 }),
  rows: fc.oneof(fc.nat(), fc.constantFrom(0, 1, 2 ** 53, 1e300)),
  sqlState: fc.option(text, { nil: undefined }),
  milliseconds: fc.oneof(
    fc.double({ min: 0, max: 1e9, noNaN: true }),
    fc.nat().map((thousandths) => thousandths / 1000),
  ),
  transaction: fc.constantFrom('idle', 'open', 'failed'),
});

function takenFrom(lines: StatementLines): string {
  const { waiting } = lines;
  return lines.take().toString('utf8', 0, waiting);
}

it('are the JSON of their events, in whatever portions they are taken', () => {
  const said = fc.record({
    statement,
    outcome: fc.option(outcome, { nil: undefined }),
    length: fc.option(fc.nat(), { nil: undefined }),
    more: fc.option(fc.array(text, { maxLength: 3 }), { nil: undefined }),
    values: fc.option(text, { nil: undefined }),
    now: fc.oneof(fc.nat({ max: 4e12 }), fc.nat({ max: 3000 })),
    hash: fc.option(fc.string({ unit: fc.constantFrom('0', 'a', 'f'), maxLength: 9 }), { nil: undefined }),
    taken: fc.boolean(),
  });
  const breakglass = fc.option(text, { nil: undefined });
  fc.assert(
    fc.property(text, breakglass, fc.array(said, { maxLength: 30 }), (access, session, all) => {
      const lines = new StatementLines({ access, breakglass: session });
      let found = '';
      let wanted = '';
      let head = '0'.repeat(64);
      const want = (now: number, event: object) => {
        wanted += `${JSON.stringify({ at: new Date(now).toISOString(), ...event })}\n`;
      };
      for (const { statement: one, outcome: ended, length, more, values, now, hash, taken } of all) {
        const { id, connection, kind, sql, exact, application, transaction } = one;
        const shown = {
          sql: taken ? Buffer.from(JSON.stringify(sql)) : sql,
          ...{ length, more },
        };
        lines.statement({ ...one, at: now }, shown, values);
        want(now, {
          ...{
            type: 'statement',
            id: access,
            breakglass: session,
            statement: id,
            connection,
            kind,
            sql,
            length,
          },
          ...{ exact: exact ? undefined : false, values, application, transaction },
        });
        for (const piece of more ?? [])
          want(now, { type: 'text', id: access, breakglass: session, statement: id, sql: piece });
        if (ended !== undefined) {
          lines.outcome({ ...ended, at: now, statement: one });
          const { end, tags, rows, sqlState, milliseconds } = ended;
          want(now, {
            ...{ type: 'outcome', id: access, breakglass: session, statement: id, end },
            tags: tags.length === 0 ? undefined : tags.join(', '),
            ...{ rows, sqlState, milliseconds: Math.round(milliseconds * 1000) / 1000 },
            transaction: ended.transaction,
          });
        }
        if (hash !== undefined) {
          lines.seal(now, hash);
          head = hash;
          want(now, { type: 'seal', id: access, breakglass: session, hash });
        }
        if (taken) found += takenFrom(lines);
      }
      found += takenFrom(lines);
      expect(found).toBe(wanted);
      expect(lines.written).toMatchObject({ head, lines: found.split('\n').length - 1 });
    }),
  );
});
