import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Decision, encodeDecision, parseDecision } from '../../../src/breakglass/protocol/decision.ts';
import { lineProblem } from '../../../src/breakglass/protocol/document-parts.ts';
import { type EarlyEnd, encodeEnd, parseEnd } from '../../../src/breakglass/protocol/end.ts';
import { newRequestId } from '../../../src/breakglass/protocol/ids.ts';
import { parseKill } from '../../../src/breakglass/protocol/kill.ts';
import { parseLedgerEntry } from '../../../src/breakglass/protocol/ledger.ts';
import { parsePolicy } from '../../../src/breakglass/protocol/policy.ts';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { type AccessRequest, encodeRequest, parseRequest } from '../../../src/breakglass/protocol/request.ts';
import { storedDecision, storedRequest, storyRequest } from '../../support/break-glass-story.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const userId = fc
  .tuple(fc.option(hex(10)), hex(32))
  .map(([store, id]) =>
    [
      ...(store === null ? [] : [store]),
      id.slice(0, 8),
      id.slice(8, 12),
      id.slice(12, 16),
      id.slice(16, 20),
      id.slice(20),
    ].join('-'),
  );
const id = fc
  .tuple(fc.nat({ max: 2 ** 45 }), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([now, random]) => newRequestId(now, random));
const line = (maximum: number) =>
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: Math.min(maximum, 60) })
    .filter((text) => lineProblem(text, maximum) === undefined);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const person = fc.record({ userId, userName: line(128) });
const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/);
const request: fc.Arbitrary<AccessRequest> = fc.record({
  v: fc.constant(1 as const),
  kind: fc.constant('request' as const),
  id,
  tier: fc.nat({ max: 9 }),
  account: fc.stringMatching(/^\d{12}$/),
  environment: name,
  scenario: optional(name),
  permissionSet: fc.stringMatching(/^[\w+=,.@-]{1,32}$/),
  groupId: userId,
  minutes: fc.integer({ min: 1, max: 720 }),
  ticket: optional(line(200)),
  reason: line(500),
  requester: person,
  createdAt: fc
    .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  extends: optional(id),
});
const decision: fc.Arbitrary<Decision> = fc.record({
  v: fc.constant(1 as const),
  kind: fc.constant('decision' as const),
  requestId: id,
  requestSha256: hex(64),
  outcome: fc.constantFrom('approved', 'denied'),
  minutes: fc.integer({ min: 1, max: 720 }),
  approver: person,
  note: optional(line(500)),
});
const end: fc.Arbitrary<EarlyEnd> = fc.record({
  v: fc.constant(1 as const),
  kind: fc.constant('end' as const),
  sessionId: id,
  user: person,
  summary: optional(line(500).map((text) => `${text}\n\t${text}`)),
});

const parsers = {
  parseRequest,
  parseDecision,
  parseEnd,
  parseKill,
  parseRecord,
  parseLedgerEntry,
  parsePolicy: (bytes: Uint8Array) => parsePolicy(new TextDecoder().decode(bytes)),
};

describe('documents', () => {
  it('are read as they were written, and written as they were read', () => {
    const same = <T>(
      value: fc.Arbitrary<T>,
      encode: (value: T) => Uint8Array,
      parse: (bytes: Uint8Array) => { ok: true; value: T } | { ok: false; problem: string },
    ) =>
      fc.assert(
        fc.property(value, (written) => {
          const bytes = encode(written);
          const read = parse(bytes);
          expect(read).toEqual({ ok: true, value: written });
          if (read.ok) expect(encode(read.value)).toEqual(bytes);
        }),
        { numRuns: 500 },
      );
    same(request, encodeRequest, parseRequest);
    same(decision, encodeDecision, parseDecision);
    same(end, encodeEnd, parseEnd);
  });

  it.each(Object.entries(parsers))('%s reads or refuses whatever bytes there are', (_name, parse) => {
    const total = (bytes: Uint8Array) => {
      const parsed = parse(bytes);
      if (!parsed.ok) expect(parsed.problem).toMatch(/^[\w $'’:;,.()[\]"+…/-]{1,200}$/);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), total), { numRuns: 2_000 });
    fc.assert(fc.property(fc.json().map(bytesOf), total), { numRuns: 1_000 });
    total(bytesOf('['.repeat(16_000)));
    total(bytesOf(`{"v":${'1'.repeat(400)}}`));
    total(new Uint8Array(600_000));
  });

  it('with any byte changed are refused, or say something else: never the same', () => {
    const good = encodeRequest(storyRequest());
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
        const bad = Uint8Array.from(good);
        bad[index] = (bad[index] ?? 0) ^ change;
        const parsed = parseRequest(bad);
        if (parsed.ok) expect(parsed.value).not.toEqual(storyRequest());
      }),
      { numRuns: 3_000 },
    );
  });

  const text = textOf(encodeRequest(storyRequest()));
  it.each([
    ['a member twice', text.replace('"minutes":60', '"minutes":60,"minutes":60')],
    ['a member that is not known', text.replace('"tier":1', '"tier":1,"approved":true')],
    ['__proto__', text.replace('"tier":1', '"__proto__":{"tier":2},"tier":1')],
    ['constructor', text.replace('"tier":1', '"tier":1,"constructor":1')],
    ['another order', text.replace('"v":1,"kind":"request"', '"kind":"request","v":1')],
    ['a blank', text.replace('{"v"', '{ "v"')],
    ['a line feed at the end', `${text}\n`],
    ['a byte order mark', `\ufeff${text}`],
    ['an escaped letter', text.replace('Orders', '\\u004frders')],
    ['minutes as text', text.replace('"minutes":60', '"minutes":"60"')],
    ['minutes with a fraction', text.replace('"minutes":60', '"minutes":60.5')],
    ['no minutes', text.replace('"minutes":60', '"minutes":0')],
    ['minutes in another spelling', text.replace('"minutes":60', '"minutes":6e1')],
    ['another version', text.replace('"v":1', '"v":2')],
    ['another kind', text.replace('"request"', '"decision"')],
    ['an id in lower case', text.replace(/BG-\w+/, (found) => found.toLowerCase())],
    ['an id with a path', text.replace(/BG-\w{3}/, 'BG-../')],
    ['a control character', text.replace('Orders', 'Or\\u001bders')],
    ['a line feed in the reason', text.replace('Orders', 'Or\\nders')],
    ['a right-to-left override', text.replace('Orders', 'Or\u202eders')],
    ['a zero-width space in the ticket', text.replace('OPS-4711', 'OPS-\u200b4711')],
    ['half a character', text.replace('Orders', 'Or\\ud800ders')],
    ['an empty reason', text.replace('Orders stuck since 11:40', ' ')],
    ['a reason too long', text.replace('Orders', 'x'.repeat(501))],
    ['a ticket too long', text.replace('OPS-4711', 'x'.repeat(201))],
    ['a day that does not exist', text.replace('2026-11-21', '2026-02-31')],
    ['null for nothing', text.replace('"ticket":"OPS-4711"', '"ticket":null')],
    ['a list', `[${text}]`],
    ['nothing', ''],
  ])('refuse %s', (_what, changed) => {
    expect(changed).not.toBe(text);
    expect(parseRequest(bytesOf(changed))).toMatchObject({ ok: false });
  });

  it('refuse more than 256 KiB, decisions more than 16, before they look', () => {
    const blanks = (count: number) => bytesOf(`${text}${' '.repeat(count)}`);
    expect(parseRequest(blanks(262_144))).toMatchObject({
      problem: expect.stringContaining('at most 262144'),
    });
    expect(parseDecision(blanks(17_000))).toMatchObject({
      problem: expect.stringContaining('at most 16384'),
    });
  });

  it('say what is wrong, and never what was written', () => {
    const problem = (changed: string) => {
      const parsed = parseRequest(bytesOf(changed));
      return parsed.ok ? undefined : parsed.problem;
    };
    expect(problem(text.replace('"minutes":60', '"minutes":721'))).toBe(
      'minutes must be a whole number from 1 to 720',
    );
    expect(problem(text.replace('"minutes":60,', ''))).toBe('minutes is missing');
    expect(problem(text.replace('"tier":1', '"tier":1,"x":1'))).toBe('it has a member that is not known: x');
    expect(problem(text.replace('"tier":1', '"tier":1,"\\u001b[2J":1'))).not.toContain('\u001b');
  });

  it('that would be refused are not written', () => {
    expect(() => encodeRequest(storyRequest({ minutes: 721 }))).toThrow(/minutes must be/);
    expect(() => encodeRequest(storyRequest({ reason: 'a\nb' }))).toThrow(/reason must be one line/);
    expect(() => encodeEnd({ ...endOf(), summary: 'ü'.repeat(8_000) })).not.toThrow();
    expect(() => encodeEnd({ ...endOf(), summary: '€'.repeat(8_000) })).toThrow(/at most 16384/);
    expect(() => storedDecision(storedRequest(), 1, { note: '' })).toThrow(/note must be/);
  });
});

function endOf(): EarlyEnd {
  return { v: 1, kind: 'end', sessionId: storyRequest().id, user: storyRequest().requester, summary: 'done' };
}
