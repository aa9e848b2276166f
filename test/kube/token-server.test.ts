import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import type { PrivateSocket } from '../../src/files/private-socket.ts';
import type { SignedToken } from '../../src/kube/cluster-access.ts';
import { fetchToken, tokenKeyVariable } from '../../src/kube/token-client.ts';
import { startTokenServer } from '../../src/kube/token-server.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
let servers: PrivateSocket[] = [];
beforeEach(() => {
  host = createTestHost();
});
afterEach(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
  servers = [];
  host.dispose();
});

const token = (text: string): SignedToken => ({ token: new Secret(text), expiresAt: 1_700_000_000_000 });
async function start(
  sign: () => Promise<SignedToken> = async () => token('k8s-aws-v1.abc'),
): Promise<PrivateSocket> {
  const server = await startTokenServer(host, host.directories.home, sign);
  servers.push(server);
  return server;
}
const client = (key: string, signal = new AbortController().signal) => ({
  env: { [tokenKeyVariable]: key },
  signal,
});
const ask = ({ path, key }: PrivateSocket) => fetchToken(client(key.reveal()), path);
async function failureOf(asked: Promise<unknown>): Promise<ForgeError> {
  const error = await asked.then(
    () => undefined,
    (why: unknown) => why,
  );
  if (error instanceof ForgeError) return error;
  throw new Error('no ForgeError', { cause: error });
}
/** Sends and answers all that came back until the server closed. */
async function exchange(path: string, ...texts: readonly string[]): Promise<string> {
  const socket = connect({ path });
  socket.on('error', () => {});
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'connect');
  for (const text of texts) socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

describe('the token server', () => {
  it('hands a token to whoever shows the key, by a socket of the person’s own', async () => {
    const server = await start();
    const { token: given, expiresAt } = await ask(server);
    expect([given.reveal(), expiresAt]).toEqual(['k8s-aws-v1.abc', 1_700_000_000_000]);
    expect(statSync(server.path).mode & 0o777).toBe(0o600);
    expect(server.key.reveal().length).toBeGreaterThan(40);
  });

  it('says nothing to who has no key, or another one, and signs nothing for them', async () => {
    let signed = 0;
    const server = await start(async () => token(String(++signed)));
    const key = server.key.reveal();
    for (const wrong of ['\n', 'x\n', `${key.slice(0, -1)}\n`, `${key}x\n`, ` ${key}\n`, `x\n${key}\n`])
      expect(await exchange(server.path, wrong)).toBe('');
    expect(await failureOf(fetchToken(client(''), server.path))).toMatchObject({ code: 'KUBE_SESSION_OVER' });
    expect(signed).toBe(0);
  });

  it('gives up a line without an end, and takes one that comes in pieces', async () => {
    const server = await start();
    expect(await exchange(server.path, 'x'.repeat(1_000_000))).toBe('');
    const key = server.key.reveal();
    const socket = connect({ path: server.path });
    await once(socket, 'connect');
    for (const letter of key) {
      socket.write(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.write('\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(JSON.parse(answer.toString())).toMatchObject({ token: 'k8s-aws-v1.abc' });
  });

  it('serves many at once, beside some that never say anything', async () => {
    const server = await start();
    const silent = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect({ path: server.path });
        socket.on('error', () => {});
        await once(socket, 'connect');
        return socket;
      }),
    );
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(server)));
    expect(new Set(answers.map((answer) => answer.token.reveal()))).toEqual(new Set(['k8s-aws-v1.abc']));
    // They do not keep it from ending either.
    await server[Symbol.asyncDispose]();
    expect(existsSync(server.path)).toBe(false);
    for (const socket of silent) socket.destroy();
  });

  it('passes on why there is none, as the forge that runs kubectl would say it', async () => {
    const refused = new ForgeError('denied', 'Access is over.', {
      code: 'ACCESS_ENDED',
      hint: 'forge breakglass',
    });
    const server = await start(() => Promise.reject(refused));
    const { kind, message, code, hint } = await failureOf(ask(server));
    expect({ kind, message, code, hint }).toEqual({
      kind: 'denied',
      message: 'Access is over.',
      code: 'ACCESS_ENDED',
      hint: 'forge breakglass',
    });
  });

  it('a defect is told in a sentence', async () => {
    const server = await start(() => Promise.reject(new Error('out of order')));
    expect(await failureOf(ask(server))).toMatchObject({
      kind: 'failed',
      message: 'Failed to sign a token: out of order',
    });
  });
});

describe('when something else answers', () => {
  it.each([
    'nothing\n',
    'null\n',
    '[]\n',
    '"x"\n',
    '{}\n',
    '{"token":1}\n',
    '{"error":"x"}\n',
    '{"error":{"kind":"x"}}\n',
  ])('takes %j for no token, in a sentence', async (answer) => {
    const path = join(host.directories.home, 'other');
    const other = createServer((socket) => socket.resume().end(answer)).listen(path);
    await once(other, 'listening');
    const asked = fetchToken(client('key'), path);
    await asked.catch(() => {});
    await new Promise((resolve) => other.close(resolve));
    const { kind, message } = await failureOf(asked);
    expect([kind, message]).toEqual(['failed', 'No token was given.']);
  });
});

describe('when the server is gone', () => {
  it('says in one line that the access has ended', async () => {
    const server = await start();
    await server[Symbol.asyncDispose]();
    const error = await failureOf(ask(server));
    expect(error).toMatchObject({ kind: 'signed-out', code: 'KUBE_SESSION_OVER' });
    expect(error.message).not.toContain('\n');
  });

  it('the same while it is signing, and Ctrl-C is no answer of the server', async () => {
    let started = () => {};
    const asked = new Promise<void>((resolve) => {
      started = resolve;
    });
    const server = await start(() => {
      started();
      return new Promise(() => {});
    });
    const waiting = failureOf(ask(server));
    await asked;
    const controller = new AbortController();
    const interrupted = fetchToken(client(server.key.reveal(), controller.signal), server.path);
    controller.abort('SIGINT');
    await expect(interrupted).rejects.toBe('SIGINT');
    await server[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ code: 'KUBE_SESSION_OVER' });
  });
});
