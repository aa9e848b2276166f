import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, freePort } from '../../ssm/tcp-target.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { canServeSsh, type SshServer, startSshServer } from '../../support/ssh-server.ts';

describe.skipIf(!canServeSsh('forge ssm cp --ssh to a real server'))('forge ssm cp --ssh', () => {
  let sandbox: TestSandbox;
  let server: SshServer;
  let folder: string;
  /** What ssh is told beside what forge says: its own files are the person's. */
  let bin: string;

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
    bin = join(folder, 'bin');
    await mkdir(bin);
    // The host key is new to this machine, and nobody can be asked.
    const options = `-o StrictHostKeyChecking=no -o UserKnownHostsFile=${join(folder, 'known')} -o LogLevel=ERROR`;
    await writeFile(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh ${options} "$@"\n`, { mode: 0o755 });
  }, 60_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  const cp = (...words: string[]) => {
    const { PATH } = sandbox.environment();
    const said = ['--user', userInfo().username, '--identity', server.identity];
    return sandbox.forge(['ssm', 'cp', ...said, ...words], { cwd: folder, env: { PATH: `${bin}:${PATH}` } });
  };

  it('a file there and back, and nothing else', async () => {
    const data = randomBytes(5_000_000);
    const there = join(folder, 'th ere');
    await mkdir(there);
    await writeFile(join(folder, 'up'), data);
    expect(await cp('up', `dev/web-1:${there}`)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(digestOf(await readFile(join(there, 'up')))).toBe(digestOf(data));
    expect(await cp(`dev/web-1:${there}/up`, 'down')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(digestOf(await readFile(join(folder, 'down')))).toBe(digestOf(data));
    expect(await readdir(there)).toEqual(['up']);
  }, 60_000);

  it('a folder there and back', async () => {
    const there = join(folder, 'folders');
    await mkdir(join(folder, 'tree', 'empty'), { recursive: true });
    await mkdir(there);
    await writeFile(join(folder, 'tree', "it's\n"), 'odd');
    expect(await cp('-r', 'tree', `dev/web-1:${there}`)).toMatchObject({ code: 0, stderr: '' });
    expect(await cp('-r', `dev/web-1:${there}/tree`, 'tree2')).toMatchObject({ code: 0, stderr: '' });
    expect(await readFile(join(folder, 'tree2', "it's\n"), 'utf8')).toBe('odd');
    expect((await readdir(join(folder, 'tree2'))).sort()).toEqual(['empty', "it's\n"]);
  }, 60_000);

  it('says what ssh says when the server takes no such key', async () => {
    const run = await sandbox.forge(['ssm', 'cp', '--ssh', '--user', 'nobody', 'up', 'dev/web-1:'], {
      cwd: folder,
      env: { PATH: `${bin}:${sandbox.environment().PATH}` },
    });
    expect(run.code).toBe(6);
    expect(run.stderr).toContain('Permission denied');
  }, 60_000);
});
