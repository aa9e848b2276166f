import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { journalFolder } from '../../src/audit/journal.ts';
import { ended, useProcessStage } from './process-stage.ts';

const at = useProcessStage();

describe('forge env', () => {
  it('is taken by bash as it is meant, and taken back', async () => {
    const { out } = await at.run(['env', 'dev']);
    const print = `${process.execPath} -p 'JSON.stringify(process.env)'`;
    const bash = (script: string) =>
      ended(
        spawn('bash', ['--norc', '-c', `set -eu\n${script}\n${print}`], {
          env: { PATH: process.env.PATH, AWS_PROFILE: 'other' },
        }),
      );
    const set = JSON.parse((await bash(out)).out) as Record<string, string>;
    expect(set).toMatchObject({ AWS_REGION: 'us-east-1', FORGE_ENV: 'dev' });
    expect(set.AWS_PROFILE).toBeUndefined();
    const gone = JSON.parse((await bash(out + (await at.run(['env', '--unset'])).out)).out) as Record<
      string,
      string
    >;
    expect(Object.keys(gone).filter((name) => /^(AWS|FORGE)_/.test(name))).toEqual([]);
  });

  it('speaks the shell of SHELL, else the one that is asked for', async () => {
    expect((await at.run(['env', 'dev'], { SHELL: '/usr/bin/fish' })).out).toContain(
      "set -gx AWS_REGION 'us-east-1'",
    );
    expect((await at.run(['env', 'dev'], { SHELL: '/bin/dash' })).out).toContain(
      "export AWS_REGION='us-east-1'",
    );
    expect((await at.run(['env', 'dev', '--shell', 'cmd'])).out).toContain('set "AWS_REGION=us-east-1"');
    expect((await at.run(['env', 'dev', '--shell', 'csh'])).code).toBe(2);
  });

  it('prints no key on a terminal, and neither does forge credentials', async () => {
    at.stage.newHome({ overrides: {} });
    await at.stage.signIn('dana');
    Object.assign(at.stage.host().stdout, { isTTY: true });
    for (const command of ['env', 'credentials']) {
      const { code, out, err } = await at.stage.run(command, 'dev');
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).toContain('Keys are not printed on a terminal.');
    }
    expect(existsSync(journalFolder(at.stage.host()))).toBe(false);
  });
});
