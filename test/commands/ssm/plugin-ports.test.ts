import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type PluginStage, startPluginStage, withPlugin } from './plugin-stage.ts';

let stage: PluginStage;
beforeAll(async () => {
  stage = await startPluginStage();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());
afterEach(() => stage.endAll());

async function echoes(port: number, data: Buffer): Promise<Buffer> {
  const socket = connect({ host: 'localhost', port });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    return await new Promise((resolve, reject) => {
      socket.on('error', reject).on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= data.length) resolve(Buffer.concat(chunks));
      });
      socket.write(data);
    });
  } finally {
    socket.destroy();
  }
}

describe.skipIf(process.platform === 'win32')('ports with --transport plugin', () => {
  it('ports: a plugin for each, on loopback, until Ctrl-C', async () => {
    await stage.plugin.starts();
    const args = ['forward', 'dev/bastion', ':7', ':echo.internal:7', ...withPlugin, '--output', 'json'];
    const { child, said, ended, waitFor } = await stage.start(...args);
    await waitFor(/\}\n$/);
    const { forwards, socks } = JSON.parse(said.out);
    expect(socks).toBeNull();
    expect(forwards).toMatchObject([
      { localHost: '127.0.0.1', host: 'localhost', port: 7 },
      { localHost: '127.0.0.1', host: 'echo.internal', port: 7 },
    ]);
    for (const { localPort } of forwards) {
      const data = randomBytes(50_000);
      expect((await echoes(localPort, data)).equals(data)).toBe(true);
    }
    expect(await stage.plugin.starts()).toHaveLength(2);
    expect(stage.open()).toHaveLength(2);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stage.open()).toEqual([]);
  });

  it('a port that is taken, and a plugin that dies: the command ends, and says what the plugin said', async () => {
    const taken = await stage.forge(['forward', 'dev/bastion', `${stage.echo.port}:7`, ...withPlugin]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toContain('session-manager-plugin has closed its port');
    expect(taken.stderr).toContain('EADDRINUSE');
    await stage.plugin.starts();
    const { ended, waitFor, said } = await stage.start('forward', 'dev/bastion', ':7', ...withPlugin);
    await waitFor(/port 7\n$/);
    process.kill((await stage.plugin.starts())[0]?.pid ?? 0, 'SIGKILL');
    expect(await ended).toBe(1);
    expect(said.err).toContain('has closed its port');
    expect(stage.open()).toEqual([]);
  });

  it('ssh-proxy: the bytes after the line of the plugin; ssh hangs up without a word', async () => {
    const { child, said, ended, waitFor } = await stage.start('ssh-proxy', 'dev/web-1', ...withPlugin);
    const data = randomBytes(20_000);
    child.stdin.write(data);
    const greeting = /^\nStarting session with SessionId: \S+\n/;
    await expect.poll(() => said.out.replace(greeting, '').length, { timeout: 20_000 }).toBe(data.length);
    expect(said.out.replace(greeting, '')).toBe(data.toString('latin1'));
    await waitFor(greeting);
    child.kill('SIGHUP');
    expect(await ended).toBe(0);
    expect(said.err).toBe('');
    expect(stage.open()).toEqual([]);
  });
});
