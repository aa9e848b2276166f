import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type ConfigReading, judgeChain } from '../../src/config/read-config.ts';
import { readYaml } from '../../src/config/read-yaml.ts';

function judge(text: string): ConfigReading {
  const source = { path: '/forge.yaml', text };
  const { tree, problems } = readYaml(source);
  return judgeChain({ sources: [source], trees: tree === undefined ? [] : [tree], problems });
}

/** Milliseconds. What is slow only once was the machine, busy with something else: the input is measured again. */
function fastestOf(input: string): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 5 && fastest >= 50; attempt++) {
    const start = process.cpuUsage();
    judge(input);
    fastest = Math.min(fastest, process.cpuUsage(start).user / 1_000);
  }
  return fastest;
}

const characters = [...'abcXYZ019._-'];
const name = fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 12 });
const words = fc.string({ unit: 'grapheme', maxLength: 20 });
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const account = fc.stringMatching(/^\d{12}$/);
const region = fc.constantFrom('us-east-1', 'eu-west-1', 'us-gov-west-1', 'cn-north-1');
const role = fc.oneof(
  fc.stringMatching(/^[\w+=,.@-]{1,20}$/),
  fc.constant('arn:aws:iam::111111111111:role/a/b'),
);
const assume = {
  role: optional(role),
  mfa_serial: optional(fc.constant('GAHT12345678')),
  duration: optional(fc.constantFrom('15m', '1h30m', '43200s')),
};
const database = fc.record({
  description: optional(words),
  cluster: fc.constantFrom('dev-shop', 'a'),
  endpoint_type: optional(fc.constantFrom('reader', 'writer')),
  port: optional(fc.integer({ min: 1, max: 65_535 })),
  database: fc.stringMatching(/^[ -~]{1,20}$/),
  user: fc.stringMatching(/^[ -~]{1,20}$/),
  ...assume,
  write: optional(fc.record({ user: name, ...assume })),
  address: optional(fc.constantFrom('127.0.0.1', '10.1.2.3', '::1', 'fd00::1')),
});
const environment = fc.record({
  description: optional(words),
  account,
  region,
  production: optional(fc.boolean()),
  permission_set: optional(name),
  groups: optional(fc.array(name)),
  role_chain: optional(fc.array(fc.oneof(role, fc.record({ role })))),
  databases: optional(fc.dictionary(name, database, { noNullPrototype: true })),
});
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
const configFile = fc.record({
  version: optional(fc.constant(1)),
  default_environment: optional(name),
  credential_store: optional(fc.constantFrom('auto', 'none')),
  environments: fc.dictionary(
    name.filter((text) => !forbidden.has(text)),
    environment,
    { noNullPrototype: true },
  ),
});

describe('forge.yaml, for any input', () => {
  it('what is valid is read as it was written', () => {
    fc.assert(
      fc.property(configFile, fc.constantFrom('\n', '\r\n'), (value, ends) => {
        const plain = JSON.parse(JSON.stringify(value));
        const { data, problems } = judge(stringify(plain, { version: '1.2' }).replaceAll('\n', ends));
        expect(problems).toEqual([]);
        expect(JSON.parse(JSON.stringify(data))).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  it('any bytes are read or refused with a place inside the text, in under 50 ms', () => {
    const tokens = fc.constantFrom(
      ...[
        'environments',
        'dev',
        ':',
        ': ',
        '\n',
        '\n  ',
        '\t',
        '- ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '&a',
        '*a',
        '!t ',
        '"',
        "'",
        '|',
        '>',
        '#',
        '?',
        '%',
        '---',
        '...',
        '\r',
        '\u0085',
        '\ufeff',
        '0',
        'null',
      ],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 1000 }),
      fc.array(tokens, { maxLength: 200 }).map((parts) => parts.join('')),
      fc.uint8Array({ maxLength: 1000 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    let slowest = 0;
    judge('environments: {}\n');
    fc.assert(
      fc.property(text, (input) => {
        const { problems, data } = judge(input);
        slowest = Math.max(slowest, fastestOf(input));
        expect(data === undefined).toBe(problems.length > 0);
        const lines = input.split('\n');
        for (const { line, column, message } of problems) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
          expect(message).toMatch(/\.$/s);
        }
      }),
      {
        numRuns: 2000,
        // Where the parser's own count of lines is wrong, and where a mark stands inside the text.
        examples: [['[][environments\n  environments,'], ['*a,\n\ufeff\n: environments']],
      },
    );
    expect(slowest).toBeLessThan(50);
  });

  it('text that parsers choke on is refused or read in a time that grows with its length only', () => {
    const pieces = ['[', '- ', '&a ', '? ', '{a: ', '"', '- - ', '!!str ', 'a: &b\n', 'a: 1\n'];
    const texts = pieces.map((piece) => piece.repeat(Math.floor(200_000 / piece.length)));
    texts.push(Array.from({ length: 20_000 }, (_, index) => `k${index}: 1\n`).join(''));
    for (const text of texts) {
      const start = process.cpuUsage();
      const { data, problems } = judge(text);
      expect(data, text.slice(0, 9)).toBeUndefined();
      expect(problems.map(({ message }) => message).join(), text.slice(0, 9)).not.toContain('call stack');
      expect(process.cpuUsage(start).user, text.slice(0, 9)).toBeLessThan(5_000_000);
    }
  }, 60_000);
});
