import { once } from 'node:events';
import { connect } from 'node:tls';
import fc from 'fast-check';
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
    await refused('stdout=true', 'editor', path().replace(/exec$/, 'attach'))('to attach to: use exec');
    await expect(editor().openExec(path(), 'command=ls&stdout=true', ['chat'])).rejects.toThrow('protocol');
    const missing = await editor().exec({ pod: web, command: ['no-such-program'] });
    expect(missing.status).toMatchObject({ reason: 'InternalError', code: 500 });
  });
});

describe('nonsense on the wire', () => {
  it('of a WebSocket leaves the server as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), async (messages) => {
        const socket = await editor().openExec(path(), 'command=cat&stdin=true&stdout=true');
        const { closed } = listen(socket);
        for (const message of messages) socket.send(message);
        socket.send(Buffer.of(255, 0));
        expect(await closed).toBe(1000);
      }),
      { numRuns: 15 },
    );
  });

  it('of SPDY ends the connection and nothing else', async () => {
    const frame = fc
      .tuple(
        fc.constantFrom(0x80030001, 0x80030003, 0x80030006, 0x80030007, 1, 0),
        fc.uint8Array({ maxLength: 60 }),
      )
      .map(([head, payload]) => {
        const bytes = Buffer.alloc(8);
        bytes.writeUInt32BE(head, 0);
        bytes.writeUIntBE(payload.length, 5, 3);
        return Buffer.concat([bytes, payload]);
      });
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 100 }), frame);
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 6 }), fc.boolean(), async (pieces, forward) => {
        const { port } = new URL(stage.url);
        const socket = connect({
          host: '127.0.0.1',
          port: Number(port),
          servername: 'localhost',
          ca: stage.authority,
        });
        const [to, protocol] = forward
          ? [path().replace(/exec$/, 'portforward'), 'portforward.k8s.io']
          : [`${path()}?command=cat&stdin=true&stdout=true`, 'v4.channel.k8s.io'];
        socket.write(
          `POST ${to} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer editor\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
        );
        const [answer] = (await once(socket, 'data')) as [Buffer];
        expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
        socket.on('error', () => {});
        for (const piece of pieces) socket.write(piece);
        socket.resume();
        socket.end();
        await once(socket, 'close');
      }),
      { numRuns: 40 },
    );
    expect((await editor().exec({ pod: web, command: ['echo', 'well'] })).stdout).toBe('well\n');
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
