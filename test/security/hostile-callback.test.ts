import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type CallbackServer, startCallbackServer } from '../../src/identity/callback-server.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** Every program and every web page on the machine can reach the listener: none may end a sign-in that is not theirs. */
const state = '3f2b8a52-0b8f-4c0e-9a51-9b8f1c5d7e10';
let host: TestHost;
let server: CallbackServer;

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  host.dispose();
});

async function start(): Promise<number> {
  host = createTestHost();
  server = await startCallbackServer(host, { state, timeoutMilliseconds: 60_000 });
  return Number(new URL(server.redirectUri).port);
}

/** What comes back for bytes that no HTTP client would send; empty when the connection is closed without an answer. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let reply = '';
    socket.setTimeout(3_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(reply));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve(reply) : reject(error),
    );
  });
}

const callback = `/oauth/callback?state=${state}&code=stolen`;
const targets = [
  '//',
  '///',
  'http://[',
  'http://',
  '//:99999999',
  'http://a:b:c',
  '*',
  '/oauth/callback?state=%ff%00%',
  `//evil.example${callback}`,
  `http://evil.example${callback}`,
  `/oauth/callback/..${callback}`,
  `/%6fauth/callback?state=${state}&code=stolen`,
  `/oauth/callback?state=${state}&code=stolen&code=other`,
  `/oauth/callback#${callback}`,
];

it('keeps waiting through request targets that are no paths, whatever Host they name', async () => {
  const port = await start();
  for (const target of targets) {
    for (const name of [`127.0.0.1:${port}`, 'evil.example']) {
      const reply = await exchange(
        port,
        `GET ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`,
      );
      expect(reply, target).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    }
  }
  await exchange(port, '\u0000\u0001\u0002 no HTTP at all\r\n\r\n');
  await exchange(
    port,
    `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
  );
  const real = fetch(`${server.redirectUri}?state=${state}&code=the-real-code`);
  const answer = await server.answer;
  expect(answer.result.kind === 'code' && answer.result.code.reveal()).toBe('the-real-code');
  await answer.show({ status: 200, title: 'Signed in', sentence: 'Done.' });
  expect((await real).status).toBe(200);
});

it('answers a pipelined second answer with an error page, and keeps the first', async () => {
  const port = await start();
  const line = (code: string) =>
    `GET /oauth/callback?state=${state}&code=${code} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const replies = exchange(port, line('first') + line('second'));
  const answer = await server.answer;
  await answer.show({ status: 200, title: 'Signed in', sentence: 'Done.' });
  await replies;
  expect(answer.result.kind === 'code' && answer.result.code.reveal()).toBe('first');
});
