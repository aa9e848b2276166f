import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { planSshConfig, renderSshConfig, type SshConfigRequest } from '../../src/ssm/ssh-config.ts';
import { hasProgram } from '../support/programs.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const nothing: SshConfigRequest = {
  environments: [],
  configPath: undefined,
  settings: [],
  user: undefined,
  identityFile: undefined,
};

function hostWith(overrides: Partial<TestHost> = {}): TestHost {
  const host = createTestHost(overrides);
  onTestFinished(() => host.dispose());
  return host;
}

function code(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof ForgeError ? error.code : String(error);
  }
}

describe('the text', () => {
  const program = { node: '/usr/bin/node', script: '/opt/forge/bin/forge.cjs' };

  it('without forge.yaml: ids alone', () => {
    const hosts = planSshConfig(hostWith({ program }), { ...nothing, settings: ['--region', 'us-east-1'] });
    expect(renderSshConfig(hosts, 'linux')).toBe(
      `Host i-* mi-* "!*'*"\n  ProxyCommand /usr/bin/node /opt/forge/bin/forge.cjs ssm ssh-proxy '%h' --port %p --region us-east-1`,
    );
  });

  it('names before ids, with user and key', () => {
    const hosts = planSshConfig(hostWith({ program }), {
      ...nothing,
      environments: ['dev', 'prod-wealth'],
      configPath: '/etc/forge/forge.yaml',
      user: 'ec2-user',
      identityFile: '~/.ssh/id 100%',
    });
    const rest = `--port %p --config /etc/forge/forge.yaml\n  User ec2-user\n  IdentityFile "~/.ssh/id 100%%"`;
    const command = '  ProxyCommand /usr/bin/node /opt/forge/bin/forge.cjs ssm ssh-proxy';
    expect(renderSshConfig(hosts, 'linux')).toBe(
      `Host *.dev.forge *.prod-wealth.forge "!*'*"\n${command} '%n' ${rest}\n\nHost i-* mi-* "!*'*"\n${command} '%h' ${rest}`,
    );
  });

  it('on Windows', () => {
    const hosts = planSshConfig(
      hostWith({
        platform: 'win32',
        program: { node: 'C:\\Program Files\\nodejs\\node.exe', script: 'C:\\forge\\bin\\forge.cjs' },
      }),
      { ...nothing, identityFile: '~/keys\\id' },
    );
    expect(renderSshConfig(hosts, 'win32')).toBe(
      `Host i-* mi-*\n  ProxyCommand "C:\\Program Files\\nodejs\\node.exe" C:\\forge\\bin\\forge.cjs ssm ssh-proxy "%h" --port %p\n  IdentityFile "~/keys/id"`,
    );
  });

  it.each([
    { program: { node: '/usr/bin/node', script: '/opt/line\nfeed' } },
    { platform: 'win32' as const, program: { node: 'C:\\"', script: 'x' } },
  ])('a path that no line can hold is refused: %j', (overrides) => {
    expect(code(() => planSshConfig(hostWith(overrides), nothing))).toBe('UNFIT_PATH');
  });

  it.each(['', 'two words', 'line\nfeed', 'a"b', "a'b", 'a%h', '#a'])('a user that is none: %j', (user) => {
    expect(code(() => planSshConfig(hostWith(), { ...nothing, user }))).toBe('UNFIT_USER');
  });

  it.each(['', 'a\nb', 'a"b', `/keys/$${'{HOME}'}`])(
    'a key file that can not be written: %j',
    (identityFile) => {
      expect(code(() => planSshConfig(hostWith(), { ...nothing, identityFile }))).toBe('UNFIT_PATH');
    },
  );
});

describe.skipIf(!hasProgram('ssh', 'ssh reading what forge ssm config prints', '-V'))(
  'as ssh reads it',
  () => {
    it('hands odd paths to the program as they are, and hosts that are no hosts to nobody', () => {
      const host = hostWith();
      const folder = join(host.directories.temporary, `it's 100%h "odd" #1 $HOME \`id\` \\ é`);
      mkdirSync(folder);
      const [script, said, file] = ['a program', 'said', 'config'].map((name) => join(folder, name));
      writeFileSync(script ?? '', `printf '%s\\n' "$@" > "$(dirname "$0")/said"\n`);
      chmodSync(script ?? '', 0o700);
      const hosts = planSshConfig(
        { ...host, program: { node: '/bin/sh', script: script ?? '' } },
        {
          ...nothing,
          environments: ['dev'],
          configPath: join(folder, 'forge.yaml'),
          settings: ['--profile', "an' odd %p one"],
          user: 'DOMAIN\\person',
          identityFile: 'key 1',
        },
      );
      writeFileSync(file ?? '', `${renderSshConfig(hosts, 'linux')}\n`);
      const ssh = (...args: string[]) =>
        spawnSync('ssh', ['-F', file ?? '', ...args], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
      for (const name of ['Web-1.dev.forge', 'i-0123456789abcdef0', 'mi-0123']) {
        ssh('-p', '2222', name);
        expect(readFileSync(said ?? '', 'utf8').split('\n')).toEqual(
          ['ssm', 'ssh-proxy', name, '--port', '2222', '--config', join(folder, 'forge.yaml')].concat(
            ['--profile', "an' odd %p one"],
            '',
          ),
        );
      }
      const read = ssh('-G', 'i-01').stdout;
      expect(read).toContain('user DOMAIN\\person\n');
      expect(read).toContain(`identityfile ${join(host.directories.working, 'key 1')}\n`);
      for (const name of ["i-0'`id`'", "x'.dev.forge", 'web-1.qa.forge', 'example.org']) {
        expect(ssh('-G', name).stdout).not.toContain('proxycommand');
      }
    });
  },
);
