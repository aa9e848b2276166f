import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findLeaks, type KnownSecret } from './secrets.ts';
import { parseTrace } from './traced-forge.ts';

/** The checker of canary.test.ts checked: one that finds nothing would let everything pass. */
const secrets: readonly KnownSecret[] = [
  { kind: 'access token', value: `aoa${randomBytes(240).toString('base64url')}` },
  { kind: 'session token', value: `IQoJb3JpZ2luX2Vj${randomBytes(664).toString('base64')}` },
  { kind: 'secret access key', value: randomBytes(30).toString('base64') },
  { kind: 'signature', value: randomBytes(32).toString('hex') },
];

describe.each(secrets)('a $kind', ({ kind, value }) => {
  const forms: Record<string, string> = {
    'as it is': value,
    'in a JSON document': JSON.stringify({ error: { detail: `failed: ${value}` } }),
    'in JSON as PHP and Java write it': value.replaceAll('/', '\\/'),
    'in a URL': `https://x.example/?t=${encodeURIComponent(value)}`,
    'in a URL in lower case': encodeURIComponent(value).replace(/%../g, (code) => code.toLowerCase()),
    'in a URL in a URL': encodeURIComponent(encodeURIComponent(value)),
    'in base64': Buffer.from(value).toString('base64'),
    'in base64 after other text': Buffer.from(`dana:${value}`).toString('base64'),
    'in base64 between other text': Buffer.from(`Bearer ${value}; x`).toString('base64'),
    'in base64url': Buffer.from(`12${value}`).toString('base64url'),
    'in hexadecimal': Buffer.from(value).toString('hex'),
    'in hexadecimal, shouted': Buffer.from(value).toString('hex').toUpperCase(),
    'without its last eight characters': value.slice(0, -8),
    'its second half': value.slice(Math.floor(value.length / 2)),
  };

  it.each(Object.entries(forms))('is found %s', (_, written) => {
    const text = `debug: something ${written} and so on\n`;
    expect(findLeaks(text, secrets).map((leak) => leak.kind)).toEqual([kind]);
    expect(findLeaks(Buffer.from(text), secrets).map((leak) => leak.kind)).toEqual([kind]);
  });

  it('is not found where it is not', () => {
    const other = randomBytes(4_000);
    for (const text of ['', 'aoa IQoJb3JpZ2luX2Vj ASIA', other.toString('base64'), other.toString('hex')]) {
      expect(findLeaks(text, secrets)).toEqual([]);
    }
  });
});

describe('a trace', () => {
  it('gives argv and environment back, quotes, brackets and all', () => {
    const trace = [
      '12    execve("/usr/bin/node", ["node", "a b", "\\"], [\\"x", "tab\\there"], ["HOME=/root", "P=\\303\\244"]) = 0',
      '12    +++ exited with 0 +++',
      '13    execve("/nowhere/psql", ["psql"], []) = -1 ENOENT (No such file or directory)',
      '14    execve("/bin/sh", ["sh"], ["A=b"] <unfinished ...>',
    ].join('\n');
    expect(parseTrace(trace)).toEqual([
      { path: '/usr/bin/node', argv: ['node', 'a b', '"], ["x', 'tab\there'], env: ['HOME=/root', 'P=ä'] },
      { path: '/nowhere/psql', argv: ['psql'], env: [] },
      { path: '/bin/sh', argv: ['sh'], env: ['A=b'] },
    ]);
  });

  it('that strace cut short is refused', () => {
    expect(() => parseTrace('12 execve("/bin/sh", ["sh", "abc"...], ["A=b"]) = 0')).toThrow(
      /cut something short/,
    );
  });
});
