import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startTarget } from '../../ssm/tcp-target.ts';
import { hasProgram } from '../../support/programs.ts';
import type { TestSandbox } from '../../support/sandbox.ts';
import { useSandbox } from '../../support/use-sandbox.ts';

let sandbox: TestSandbox;
useSandbox((started) => {
  sandbox = started;
});

describe('forge ssm config', () => {
  it('prints blocks and nothing else', async () => {
    const { code, stdout, stderr } = await sandbox.forge(['ssm', 'config', '--user', 'ec2-user']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^Host .*\*\.dev\.forge .*\n {2}ProxyCommand .* ssm ssh-proxy '%n' --port %p --config \S+\n {2}User ec2-user\n\nHost i-\* mi-\* .*\n {2}ProxyCommand .*\n {2}User ec2-user\n$/,
    );
  });

  it('for one environment, ids included; and as JSON', async () => {
    const { stdout } = await sandbox.forge(['ssm', 'config', '--env', 'dev', '--output', 'json']);
    const [named, byId, ...others] = JSON.parse(stdout);
    expect(others).toEqual([]);
    expect(named).toMatchObject({ patterns: ['*.dev.forge'], user: null, identityFile: null });
    expect(byId.patterns).toEqual(['i-*', 'mi-*']);
    expect(byId.proxyCommand).toMatch(/ssm ssh-proxy '%h' --port %p --config \S+ --env dev$/);
  });

  it('without forge.yaml: ids, with the region and profile given', async () => {
    const home = await sandbox.newHome();
    const { code, stdout } = await sandbox.forge(
      ['ssm', 'config', '--region', 'eu-west-1', '--profile', 'x'],
      {
        home,
        cwd: home,
        env: { FORGE_CONFIG: undefined, FORGE_ENV: undefined },
      },
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Host i-\* mi-\* .*\n.* --port %p --profile x --region eu-west-1\n$/);
  });

  it.each([
    [['--env', 'nowhere'], 'nowhere'],
    [['--user', 'a b'], "can't be written into ssh_config"],
    [['--plan'], 'no plan to show'],
  ])('%j is a mistake of the command line', async (args, sentence) => {
    const run = await sandbox.forge(['ssm', 'config', ...args]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(sentence);
  });

  it.skipIf(!hasProgram('ssh', 'ssh through forge ssm ssh-proxy', '-V'))(
    'is what ssh needs to reach a server on an instance, by name and by id',
    async () => {
      const heard: string[] = [];
      await using server = await startTarget((socket) => {
        let said = '';
        socket.write('SSH-2.0-Sandbox\r\n');
        socket.setEncoding('latin1').on('data', (text: string) => {
          said += text;
          // The client's key exchange has come through whole: that much of SSH shows that the line carries it.
          if (!said.includes('none,zlib@openssh.com')) return;
          heard.push(said.split('\r\n')[0] ?? '');
          socket.end();
        });
      });
      sandbox.world.ssm.network.register({
        instance: undefined,
        host: 'localhost',
        port: 22,
        localPort: server.port,
      });
      const home = await sandbox.newHome();
      const { stdout } = await sandbox.forge(['ssm', 'config', '--env', 'dev', '--user', 'ec2-user']);
      const file = join(home, 'forge.config');
      await writeFile(file, stdout);
      const listed = await sandbox.forge(['ssm', 'list', 'dev', '--output', 'json']);
      const { id } = JSON.parse(listed.stdout).find(({ name }: { name: string }) => name === 'web-1');
      for (const host of ['web-1.dev.forge', id]) {
        const run = await sandbox.run('ssh', ['-F', file, '-o', 'BatchMode=yes', host, 'true']);
        expect(run.code).toBe(255);
        // What ssh says of its own, and not a word of forge's.
        expect(run.stderr.replace(/\r/g, '')).toMatch(
          /^(kex_exchange_identification|Connection).*\n(Connection.*\n)?$/,
        );
      }
      expect(heard).toEqual([
        expect.stringMatching(/^SSH-2\.0-OpenSSH/),
        expect.stringMatching(/^SSH-2\.0-OpenSSH/),
      ]);
    },
    30_000,
  );
});
