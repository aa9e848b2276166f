import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, freePort } from '../../ssm/tcp-target.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { canServeSsh, type SshServer, startSshServer } from '../../support/ssh-server.ts';

describe.skipIf(!canServeSsh('ssh and scp to a real server'))("OpenSSH's own two ends over a session", () => {
  let sandbox: TestSandbox;
  let server: SshServer;
  let folder: string;
  let options: string[];

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    server = await startSshServer(await freePort());
    await sandbox.signIn();
    sandbox.world.ssm.network.register({
      instance: undefined,
      host: 'localhost',
      port: 22,
      localPort: server.port,
    });
    folder = await sandbox.newHome();
    const said = ['--env', 'dev', '--user', userInfo().username, '--identity', server.identity];
    const { stdout } = await sandbox.forge(['ssm', 'config', ...said]);
    await writeFile(join(folder, 'ssh config'), stdout);
    options = ['-F', join(folder, 'ssh config'), '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no']
      .concat('-o', `UserKnownHostsFile=${join(folder, 'known_hosts')}`)
      .concat('-o', 'LogLevel=ERROR');
  }, 60_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  const ssh = (...args: string[]) => sandbox.run('ssh', [...options, 'web-1.dev.forge', ...args]);

  it('a command, its output, its errors and its exit code, and not a word of forge', async () => {
    const run = await ssh('echo out; echo err >&2; exit 3');
    expect(run).toMatchObject({ code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('20 MB there and back by scp', async () => {
    const data = randomBytes(20_000_000);
    const [here, there, back] = ['here', 'there', 'back'].map((name) => join(folder, name));
    await writeFile(here ?? '', data);
    const up = await sandbox.run('scp', [...options, '-q', here ?? '', `web-1.dev.forge:${there}`]);
    expect(up).toMatchObject({ code: 0, stderr: '' });
    const down = await sandbox.run('scp', [...options, '-q', `web-1.dev.forge:${there}`, back ?? '']);
    expect(down).toMatchObject({ code: 0, stderr: '' });
    expect(digestOf(await readFile(back ?? ''))).toBe(digestOf(data));
  }, 60_000);
});
