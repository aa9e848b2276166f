import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import type { Host } from '../src/host.ts';
import { main } from '../src/main.ts';
import { builtForge } from './support/built-forge.ts';
import { createTestHost, type TestHost } from './support/test-host.ts';

const hosts: TestHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.dispose();
});

async function forge(args: readonly string[], overrides: Partial<Host> = {}) {
  const host = createTestHost(overrides);
  hosts.push(host);
  const code = await main(args, host);
  return { code, out: host.out(), err: host.err() };
}

describe('forge without a command', () => {
  it.each([['--version'], ['-V']])('%s is the version alone', async (option) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [await builtForge(), option]);
    expect({ stdout, stderr }).toEqual({ stdout: `${manifest.version}\n`, stderr: '' });
  });

  it.each([[[]], [['--help']], [['-h']], [['help']]])('%j shows the tree', async (args) => {
    const { code, out, err } = await forge(args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const word of ['Sign in', 'db connect', 'forge login', '--output json|table', '--plan'])
      expect(out).toContain(word);
  });

  it.each([[['db']], [['db', '--help']], [['help', 'db']]])('%j shows the group', async (args) => {
    const { code, out } = await forge(args);
    expect(code).toBe(0);
    expect(out).toContain('db connect');
    expect(out).not.toContain('forge login');
  });

  it('keeps every line of help within 100 columns', async () => {
    const { out } = await forge(['--help']);
    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});

describe('what is not there', () => {
  it.each([
    [['logn'], 'There is no command "forge logn".', 'Did you mean: forge login'],
    [['db', 'conect'], 'There is no command "forge db conect".', 'Did you mean: forge db connect'],
    [['db', 'zzzzzz'], 'There is no command "forge db zzzzzz".', 'See forge db --help.'],
    [['zzzzzz', '--env', 'dev'], 'There is no command "forge zzzzzz".', 'See forge --help.'],
    [['--bogus'], 'There is no option --bogus.', 'See forge --help.'],
    [['login', '--device-cod'], "Unknown option '--device-cod'.", 'Did you mean: --device-code'],
    [
      ['ssm', 'forwrd', 'web-1', '80'],
      'There is no command "forge ssm forwrd".',
      'Did you mean: forge ssm forward',
    ],
    [['login', 'extra', 'words'], 'Too many arguments: "extra" "words".', 'See forge login --help.'],
    [
      ['exec', 'dev', 'true'],
      'Too many arguments: "true".',
      'What is handed on goes after "--". See forge exec --help.',
    ],
    [['login', '--', 'x'], 'Nothing may follow "--" in "forge login".', 'See forge login --help.'],
    [['login', '--output', 'xml'], /'xml' is invalid/, 'See forge login --help.'],
  ] as const)('%j', async (args, message, hint) => {
    const { code, out, err } = await forge(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    if (typeof message === 'string') expect(err).toContain(message);
    else expect(err).toMatch(message);
    expect(err.trimEnd().split('\n').at(-1)).toBe(hint);
  });

  it('is one JSON line on stderr with --output json', async () => {
    const { out, err } = await forge(['--output', 'json', 'logn']);
    expect(out).toBe('');
    expect(JSON.parse(err)).toEqual({
      error: {
        code: 'UNKNOWN_COMMAND',
        message: 'There is no command "forge logn".',
        hint: 'Did you mean: forge login',
      },
    });
  });

  it('has no JSON of what is text for another program', async () => {
    const { code, out, err } = await forge(['env', 'dev', '--output', 'json']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(JSON.parse(err).error.message).toBe('"forge env" prints text for another program, not JSON.');
  });

  it('shows escape sequences of a mistyped word instead of sending them', async () => {
    const { err } = await forge(['\x1b]0;gotcha\x07']);
    expect(err).not.toContain('\x1b');
    expect(err).toContain('\\x1b]0;gotcha\\x07');
  });
});

describe('an unsafe environment', () => {
  it.each([
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'NODE_TLS_REJECT_UNAUTHORIZED'],
    [{ NODE_OPTIONS: '--inspect=0.0.0.0:9229' }, '--inspect'],
  ])('%j is refused', async (env, name) => {
    const { code, err } = await forge(['whoami'], { env });
    expect(code).toBe(2);
    expect(err).toContain(name);
  });
});
