import { spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAwsConfig } from '../../../src/config/aws-config-file.ts';
import { bundleScript } from '../../support/bundle-script.ts';
import { forgeIn, hostWith } from '../../support/config-host.ts';

const environment = (name: string, extra = '') =>
  `  ${name}:\n    account: "111111111111"\n    region: us-east-1\n${extra}`;
const yaml = `environments:\n${environment('dev')}${environment('prod', '    production: true\n')}`;
const program = { node: '/opt/node js/bin/node', script: '/opt/forge/bin/forge.cjs' };
const command = (name: string, home: string) =>
  `"/opt/node js/bin/node" /opt/forge/bin/forge.cjs credentials ${name} --config ${home}/forge.yaml`;

function hostFor(files: Readonly<Record<string, string>> = {}) {
  const host = hostWith({ 'forge.yaml': yaml, ...files }, { program });
  const file = join(host.directories.home, '.aws', 'config');
  return { host, file, profiles: () => parseAwsConfig(readFileSync(file, 'utf8')).profiles };
}

describe('forge config aws-profiles', () => {
  it('writes one for each environment but production, in a private file, once', async () => {
    const { host, file, profiles } = hostFor();
    expect(await forgeIn(host, 'config', 'aws-profiles')).toEqual({
      code: 0,
      out: 'forge-dev\n',
      err: 'Wrote ~/.aws/config. Try: aws sts get-caller-identity --profile forge-dev\n',
    });
    expect(Object.fromEntries(profiles().get('forge-dev') ?? [])).toEqual({
      region: 'us-east-1',
      credential_process: command('dev', host.directories.home),
    });
    expect([...profiles().keys()]).toEqual(['forge-dev']);
    if (process.platform !== 'win32') {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(join(host.directories.home, '.aws')).mode & 0o777).toBe(0o700);
    }
    const before = statSync(file, { bigint: true });
    const again = await forgeIn(host, 'config', 'aws-profiles', '--output', 'json');
    expect(JSON.parse(again.out)).toMatchObject({ changed: false, removed: [] });
    expect(statSync(file, { bigint: true }).ino).toBe(before.ino);
    expect(readdirSync(join(host.directories.home, '.aws'))).toEqual(['config']);
  });

  it('production only when it is named, with a warning; after that it is kept', async () => {
    const { host, profiles } = hostFor();
    const { err } = await forgeIn(host, 'config', 'aws-profiles', 'prod');
    expect(err).toContain(
      'Warning: every program of yours can now take credentials of prod, which is production.',
    );
    expect([...profiles().keys()]).toEqual(['forge-prod']);
    // Production gives keys for a reason only, and a program that asks by its profile can't say one.
    expect(profiles().get('forge-prod')?.get('credential_process')).toBe(
      `${command('prod', host.directories.home)} --reason "profile forge-prod of the AWS configuration"`,
    );
    await forgeIn(host, 'config', 'aws-profiles', '--prune');
    expect([...profiles().keys()]).toEqual(['forge-prod', 'forge-dev']);
  });

  it('--print and --plan write nothing', async () => {
    const { host } = hostFor();
    const printed = await forgeIn(host, 'config', 'aws-profiles', '--print');
    expect(printed.out).toContain(`[profile forge-dev]\n`);
    expect(printed.out).toContain(
      `credential_process = "/opt/node js/bin/node" /opt/forge/bin/forge.cjs credentials dev`,
    );
    expect((await forgeIn(host, 'config', 'aws-profiles', '--plan')).out).toContain(
      'write [profile forge-dev]',
    );
    expect(readdirSync(host.directories.home)).not.toContain('.aws');
  });

  it('--prune removes what is no longer configured, and only what forge wrote', async () => {
    const { host, profiles } = hostFor({ '.aws/config': '[profile forge-mine]\nregion = x\n' });
    await forgeIn(host, 'config', 'aws-profiles');
    writeFileSync(join(host.directories.home, 'forge.yaml'), `environments:\n${environment('qa')}`);
    await forgeIn(host, 'config', 'aws-profiles');
    expect([...profiles().keys()]).toEqual(['forge-mine', 'forge-dev', 'forge-qa']);
    expect((await forgeIn(host, 'config', 'aws-profiles', '--prune')).out).toBe(
      'forge-qa\nforge-dev (removed)\n',
    );
    expect([...profiles().keys()]).toEqual(['forge-mine', 'forge-qa']);
  });

  it('a profile of the same name that is the person’s own is left alone', async () => {
    const before = '[profile forge-dev]\nsso_session = mine\n';
    const { host, file } = hostFor({ '.aws/config': before });
    const { code, err } = await forgeIn(host, 'config', 'aws-profiles');
    expect(code).toBe(2);
    expect(err).toContain('The profile forge-dev is there already, and forge did not write it.');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it.skipIf(process.platform === 'win32')('mode and symbolic link stay', async () => {
    const { host, file } = hostFor({ '.aws/config': '[default]\nregion = x\n' });
    const target = join(host.directories.home, 'dotfiles');
    mkdirSync(target);
    renameSync(file, join(target, 'aws-config'));
    chmodSync(join(target, 'aws-config'), 0o644);
    symlinkSync('../dotfiles/aws-config', file);
    await forgeIn(host, 'config', 'aws-profiles');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(target, 'aws-config'), 'utf8')).toMatch(
      /^\[default\]\nregion = x\n\n\[profile forge-dev\]/,
    );
  });

  it('AWS_CONFIG_FILE is honoured', async () => {
    const host = hostWith({ 'forge.yaml': yaml }, { program });
    const env = { ...host.env, AWS_CONFIG_FILE: join(host.directories.home, 'elsewhere') };
    expect((await forgeIn({ ...host, env }, 'config', 'aws-profiles')).code).toBe(0);
    expect(readFileSync(env.AWS_CONFIG_FILE, 'utf8')).toContain('[profile forge-dev]');
  });

  it('without environments says what to do', async () => {
    const { code, err } = await forgeIn(hostWith(), 'config', 'aws-profiles');
    expect(code).toBe(2);
    expect(err).toContain('forge config init');
  });

  it('50 processes at once: every profile is there, and the foreign lines are', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `e${index}`);
    const foreign = '# mine\n[default]\nregion = x\n';
    const host = hostWith({
      'forge.yaml': `environments:\n${names.map((name) => environment(name)).join('')}`,
      '.aws/config': foreign,
    });
    const { home } = host.directories;
    const script = await bundleScript(join(import.meta.dirname, 'aws-profiles-worker.ts'), home);
    const codes = await Promise.all(
      names.map(
        (name) =>
          new Promise((resolve) => {
            const child = spawn(process.execPath, [script, 'config', 'aws-profiles', name], {
              cwd: home,
              env: { HOME: home, PATH: process.env.PATH },
              stdio: 'ignore',
            });
            child.on('close', resolve);
          }),
      ),
    );
    expect(new Set(codes)).toEqual(new Set([0]));
    const text = readFileSync(join(home, '.aws', 'config'), 'utf8');
    expect(text.startsWith(foreign)).toBe(true);
    const profiles = [...parseAwsConfig(text).profiles.keys()].filter((name) => name !== 'default');
    expect(profiles.sort()).toEqual(names.map((name) => `forge-${name}`).sort());
    expect(readdirSync(join(home, '.aws'))).toEqual(['config']);
  }, 60_000);
});
