import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { type ApiStage, startApiStage } from './stage.ts';

let stage: ApiStage;
let web = '';
beforeAll(async () => {
  stage = await startApiStage();
  [web = ''] = await stage.client('viewer').names('/api/v1/namespaces/default/pods?labelSelector=app%3Dweb');
});
afterAll(() => stage[Symbol.asyncDispose]());

const path = () => `/api/v1/namespaces/default/pods/${web}/exec`;
const editor = () => stage.client('editor');

function listen(socket: WebSocket) {
  const chunks: Buffer[] = [];
  const waiting = new Set<() => void>();
  socket.on('message', (data: Buffer) => {
    chunks.push(data);
    for (const check of [...waiting]) check();
  });
  socket.resume();
  const text = (channel: number) =>
    Buffer.concat(
      chunks.filter((chunk) => chunk[0] === channel).map((chunk) => chunk.subarray(1)),
    ).toString();
  const waitFor = (pattern: RegExp, channel = 1) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!pattern.test(text(channel))) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  return { text, waitFor, closed };
}

describe('exec over WebSocket', () => {
  it('tells output, errors and exit code, and closes normally', async () => {
    const run = await editor().exec({ pod: web, command: ['sh', '-c', 'echo out; echo err >&2; exit 7'] });
    expect(run).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\n', closeCode: 1000 });
    expect(run.status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
    expect((await editor().exec({ pod: web, command: ['true'] })).status).toEqual({
      metadata: {},
      status: 'Success',
    });
  });

  it.each(['v4.channel.k8s.io', 'v5.channel.k8s.io'])('speaks %s', async (protocol) => {
    const run = await editor().exec({ pod: web, command: ['head', '-c3'], stdin: 'abcdef', protocol });
    expect(run).toMatchObject({ code: 0, stdout: 'abc' });
  });

  it('loses nothing of megabytes, in or out', async () => {
    const megabytes = Buffer.alloc(3 * 1024 * 1024, 'forge\n');
    const count = await editor().exec({ pod: web, command: ['wc', '-c'], stdin: megabytes });
    expect(Number(count.stdout)).toBe(megabytes.length);
    const out = await editor().exec({ pod: web, command: ['sh', '-c', 'yes forge | head -c 9000000'] });
    expect(out.stdout).toHaveLength(9_000_000);
    expect(out.code).toBe(0);
  });

  it('has a terminal with a size, which 0 × 0 leaves as it is', async () => {
    const socket = await editor().openExec(path(), 'command=sh&stdin=true&stdout=true&tty=true');
    const heard = listen(socket);
    const say = (channel: number, text: string) =>
      socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
    await heard.waitFor(/\$ |# /);
    say(4, '{"Width":101,"Height":33}');
    say(4, '{"Width":0,"Height":0}');
    say(4, 'no size');
    say(0, 'stty size; test -t 0 && echo is-a-$((1))-terminal\r');
    await heard.waitFor(/33 101\r\nis-a-1-terminal/);
    say(0, 'exit 5\r');
    expect(await heard.closed).toBe(1000);
    expect(JSON.parse(heard.text(3)).details.causes).toEqual([{ reason: 'ExitCode', message: '5' }]);
  });

  it('ends the program when the client goes', async () => {
    const socket = await editor().openExec(
      path(),
      'command=sh&command=-c&command=echo $$; sleep 600&stdout=true',
    );
    const heard = listen(socket);
    await heard.waitFor(/\d+\n/);
    const pid = Number(heard.text(1));
    expect(process.kill(pid, 0)).toBe(true);
    socket.terminate();
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  it('is private to a container, and kept in it', async () => {
    const sh = (script: string, pod = web) => editor().exec({ pod, command: ['sh', '-c', script] });
    expect((await sh('echo kept > note; echo "$HOSTNAME"')).stdout).toBe(`${web}\n`);
    expect((await sh('cat note')).stdout).toBe('kept\n');
    expect((await sh('env')).stdout).not.toMatch(/AWS_|FORGE|NODE_|VITEST/);
    const [, other = ''] = await stage
      .client('viewer')
      .names('/api/v1/namespaces/default/pods?labelSelector=app%3Dweb');
    expect((await sh('ls', other)).stdout).toBe('');
  });

  it('refuses what it can not or must not', async () => {
    const refused = (query: string, user: 'viewer' | 'auditor' | 'editor' = 'editor', to = path()) =>
      expect(stage.client(user).openExec(to, query)).rejects.toThrow;
    const forbidden = (user: string) =>
      `pods "${web}" is forbidden: User "${user}" cannot create resource "pods/exec" in API group "" in the namespace "default"`;
    // Who may get everything could open a WebSocket, which is a GET.
    await refused('command=ls&stdout=true', 'auditor')(forbidden('auditor'));
    await refused(
      'command=ls&stdout=true',
      'viewer',
    )(`pods "${web}" is forbidden: User "viewer" cannot get resource "pods/exec"`);
    await refused('stdout=true')('you must specify at least 1 command');
    await refused('command=ls')('at least one of stdin, stdout, stderr');
    await refused('command=ls&stdout=true&container=nope')(`container nope is not valid for pod ${web}`);
    await refused('command=ls&stdout=true', 'editor', path().replace(web, 'gone'))('pods "gone" not found');
    await refused('command=ls&stdout=true', 'editor', '/api/v1/pods')('nothing to upgrade to');
    await expect(editor().openExec(path(), 'command=ls&stdout=true', ['chat'])).rejects.toThrow('protocol');
    const missing = await editor().exec({ pod: web, command: ['no-such-program'] });
    expect(missing.status).toMatchObject({ reason: 'InternalError', code: 500 });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
