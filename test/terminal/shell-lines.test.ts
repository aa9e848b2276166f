import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { exportLine, type Shell, unsetLine } from '../../src/terminal/shell-lines.ts';
import { hasProgram } from '../support/programs.ts';

/** Of its own: some shells write there as they start. */
const home = mkdtempSync(join(tmpdir(), 'forge-shells-'));
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));

/** Everything that has ever meant something to a shell. */
const value = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(...'\'"`$\\!;&|<>(){}[]*?~#%^\n\r\t =-éü\u2019\u2018\u00a0😀'),
      maxLength: 30,
    }),
    fc.constantFrom(
      "'; touch owned; '",
      '$(touch owned)',
      '`touch owned`',
      '\\',
      "\\'",
      '!!',
      '%PATH%',
      '-n',
    ),
  )
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);

const shellsHere: [Shell, string, readonly string[]][] = [
  ['bash', 'bash', ['--norc', '-c']],
  ['bash', 'sh', ['-c']],
  ['zsh', 'zsh', ['-fc']],
  ['fish', 'fish', ['--no-config', '-c']],
  ['powershell', 'pwsh', ['-NoProfile', '-Command']],
];

describe.each(shellsHere)('lines for %s, read by %s', (shell, program, args) => {
  const there = hasProgram(program === 'sh' ? 'bash' : program, `lines of forge env in ${program}`);

  it.skipIf(!there)('set every value, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        // Many at a time: a shell costs more than a value.
        const lines = values.map((text, index) => exportLine(shell, `FORGE_TEST_${index}`, text)).join('\n');
        const print = `${process.execPath} -e 'process.stdout.write(JSON.stringify(Object.entries(process.env).filter(([name]) => name.startsWith("FORGE_TEST_"))))'`;
        const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home };
        const { stdout, stderr } = spawnSync(program, [...args, `${lines}\n${print}`], {
          env,
          encoding: 'utf8',
        });
        expect(stderr).toBe('');
        const seen = new Map(JSON.parse(stdout) as [string, string][]);
        for (const [index, text] of values.entries()) expect(seen.get(`FORGE_TEST_${index}`)).toBe(text);
      }),
      { numRuns: 25 },
    );
  });

  it.skipIf(!there)('remove a variable, set or not, without a word', () => {
    const script = `${unsetLine(shell, 'FORGE_TEST_A')}\n${unsetLine(shell, 'FORGE_TEST_B')}\n${process.execPath} -p 'process.env.FORGE_TEST_A + "" + process.env.FORGE_TEST_B'`;
    const env = { PATH: process.env.PATH, HOME: home, FORGE_TEST_A: 'x' };
    const { stdout, stderr } = spawnSync(
      program,
      [...args, `${shell === 'bash' ? 'set -eu\n' : ''}${script}`],
      {
        env,
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('undefinedundefined');
  });
});

describe('where there is no shell to ask', () => {
  it('fish and PowerShell quote as their manuals say', () => {
    expect(exportLine('fish', 'A', "it's \\ $x")).toBe(`set -gx A 'it\\'s \\\\ $x'`);
    expect(exportLine('powershell', 'A', "it's \u2019 $x `")).toBe("$env:A = 'it''s \u2019\u2019 $x `'");
    expect(unsetLine('powershell', 'A')).toBe('Remove-Item Env:A -ErrorAction SilentlyContinue');
  });

  it('cmd gets only what needs no quoting', () => {
    expect(exportLine('cmd', 'A', 'IQoJb3JpZ2lu/+=-_:.,@')).toBe('set "A=IQoJb3JpZ2lu/+=-_:.,@"');
    for (const text of ['%PATH%', 'a"b', 'a&b', 'a^b', 'a!b', 'a\nb', 'a b', 'é']) {
      expect(() => exportLine('cmd', 'A', text)).toThrow("can't be written for cmd");
    }
  });

  it('no name of a variable can be a command', () => {
    for (const name of ['', 'A=B', 'A;touch owned', '$A', '1A', 'A B', 'A\n']) {
      expect(() => exportLine('bash', name, 'x')).toThrow("can't be the name");
      expect(() => unsetLine('bash', name)).toThrow("can't be the name");
    }
    expect(() => exportLine('bash', 'A', 'a\0b')).toThrow("can't be written");
  });
});
