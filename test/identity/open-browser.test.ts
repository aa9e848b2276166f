import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { browserCommands, openBrowser, splitWords } from '../../src/identity/open-browser.ts';
import { createTestHost } from '../support/test-host.ts';

const url = 'https://oidc.us-east-1.amazonaws.com/authorize?a=1&b=$HOME`x`';

describe('which program opens a page', () => {
  const cases: readonly [string, NodeJS.Platform, Record<string, string>, unknown][] = [
    ['macOS', 'darwin', {}, [{ command: 'open', args: [url] }]],
    ['Windows', 'win32', {}, [{ command: 'rundll32', args: ['url.dll,FileProtocolHandler', url] }]],
    ['Linux', 'linux', {}, [{ command: 'xdg-open', args: [url] }]],
    [
      'WSL',
      'linux',
      { WSL_DISTRO_NAME: 'D' },
      [
        { command: 'wslview', args: [url] },
        { command: 'xdg-open', args: [url] },
      ],
    ],
    [
      'BROWSER with %s and quotes',
      'linux',
      { BROWSER: `"/opt/my browser/run" --new '%s'` },
      [{ command: '/opt/my browser/run', args: ['--new', url] }],
    ],
    [
      'alternatives',
      'linux',
      { BROWSER: 'firefox:w3m -x' },
      [
        { command: 'firefox', args: [url] },
        { command: 'w3m', args: ['-x', url] },
      ],
    ],
    [
      'no shell',
      'linux',
      { BROWSER: 'echo $(id) ; rm' },
      [{ command: 'echo', args: ['$(id)', ';', 'rm', url] }],
    ],
    [
      'Windows path',
      'win32',
      { BROWSER: '"C:\\Program Files\\F\\f.exe" -new' },
      [{ command: 'C:\\Program Files\\F\\f.exe', args: ['-new', url] }],
    ],
    ['an empty BROWSER', 'darwin', { BROWSER: '' }, [{ command: 'open', args: [url] }]],
  ];
  it.each(cases)('%s', (_name, platform, env, expected) => {
    expect(browserCommands({ platform, env }, url)).toEqual(expected);
  });

  it('splits what was quoted back into the same words', () => {
    const word = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const line = words.map((text) => `'${text.replaceAll("'", `'"'"'`)}'`).join(' ');
        expect(splitWords(line, 'linux')).toEqual(words);
      }),
    );
  });

  it('never fails, whatever BROWSER holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('linux' as const, 'win32' as const), (text, platform) => {
        expect(splitWords(text, platform).join('').length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe('opening a page', () => {
  it('takes the next alternative when one does not exist, and hands no keys on', async () => {
    const host = createTestHost();
    const script = join(host.directories.home, 'browser.sh');
    const note = join(host.directories.home, 'note');
    writeFileSync(script, `#!/bin/sh\nprintf '%s|%s' "$1" "$AWS_SECRET_ACCESS_KEY" > ${note}\n`);
    chmodSync(script, 0o755);
    const env = { ...host.env, BROWSER: `/no/such/program:${script}`, AWS_SECRET_ACCESS_KEY: 'CANARY' };
    expect(await openBrowser({ ...host, env }, url).opened).toBe(true);
    expect(readFileSync(note, 'utf8')).toBe(`${url}|`);
    host.dispose();
  });

  it('says so when none works', async () => {
    const host = createTestHost();
    const env = { ...host.env, BROWSER: '/no/such/program:false' };
    expect(await openBrowser({ ...host, env }, url).opened).toBe(false);
    host.dispose();
  });
});
