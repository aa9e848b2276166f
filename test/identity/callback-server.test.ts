import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type CallbackServer, startCallbackServer } from '../../src/identity/callback-server.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const state = '3f2b8a52-0b8f-4c0e-9a51-9b8f1c5d7e10';
let host: TestHost;
let server: CallbackServer | undefined;

async function start(timeoutMilliseconds = 60_000): Promise<CallbackServer> {
  host = createTestHost();
  server = await startCallbackServer(host, { state, timeoutMilliseconds });
  return server;
}

afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
  host.dispose();
});

interface Reply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { ...options, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('the callback server', () => {
  it('listens on 127.0.0.1 and nowhere else', async () => {
    const { redirectUri } = await start();
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/);
    const port = Number(new URL(redirectUri).port);
    // Another address of the same loopback network reaches a listener on 0.0.0.0, and not this one.
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.2');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    expect(reached).toBe(false);
  });

  it('refuses every wrong request, goes on waiting, and takes the right one', async () => {
    const { redirectUri, answer } = await start();
    const { origin, host: ownHost, port } = new URL(redirectUri);
    let settled = false;
    void answer.then(() => {
      settled = true;
    });
    const good = `code=abcdefgh&state=${state}`;
    const wrong: readonly [string, Promise<Reply>, number][] = [
      ['favicon', ask(`${origin}/favicon.ico`), 404],
      ['path below', ask(`${redirectUri}/?${good}`), 404],
      ['root', ask(`${origin}/?${good}`), 404],
      ['other host', ask(`${redirectUri}?${good}`, { headers: { host: `evil.example:${port}` } }), 400],
      ['localhost', ask(`${redirectUri}?${good}`, { headers: { host: `localhost:${port}` } }), 400],
      ['no state', ask(`${redirectUri}?code=abcdefgh`), 400],
      ['wrong state', ask(`${redirectUri}?code=abcdefgh&state=${state.replace('3', '4')}`), 400],
      ['longer state', ask(`${redirectUri}?code=abcdefgh&state=${state}x`), 400],
      ['two states', ask(`${redirectUri}?${good}&state=x`), 400],
      ['two codes', ask(`${redirectUri}?${good}&code=other`), 400],
      ['no code', ask(`${redirectUri}?state=${state}`), 400],
      ['empty code', ask(`${redirectUri}?code=&state=${state}`), 400],
      ['error with wrong state', ask(`${redirectUri}?error=access_denied&state=x`), 400],
      ['POST', ask(`${redirectUri}?${good}`, { method: 'POST' }), 405],
      ['HEAD', ask(`${redirectUri}?${good}`, { method: 'HEAD' }), 405],
      ['encoded path', ask(`${origin}/oauth%2Fcallback?${good}`), 404],
    ];
    for (const [name, reply, status] of wrong) expect((await reply).status, name).toBe(status);
    const garbage = connect(Number(port), '127.0.0.1');
    garbage.end('\x16\x03\x01 no http\r\n\r\n');
    await new Promise((resolve) => garbage.once('close', resolve));
    const slow = connect(Number(port), '127.0.0.1');
    slow.write('GET /oauth/callb');
    expect(settled).toBe(false);

    const reply = ask(`${redirectUri}?${good}`, { headers: { host: ownHost } });
    const { result, show } = await answer;
    expect(result.kind === 'code' && result.code.reveal()).toBe('abcdefgh');
    await show({ status: 200, title: 'Signed in', sentence: 'Go <back> & see.' });
    const page = await reply;
    expect(page.status).toBe(200);
    expect(page.body).toContain('Go &#60;back&#62; &#38; see.');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    slow.destroy();
  });

  it('is one shot: a second answer is turned away', async () => {
    const { redirectUri, answer } = await start();
    const first = ask(`${redirectUri}?code=firstcode&state=${state}`);
    const { result, show } = await answer;
    const second = await ask(`${redirectUri}?code=second-code&state=${state}`);
    expect(second.status).toBe(400);
    expect(second.body).toContain('has had its answer');
    await show({ status: 200, title: 'Signed in', sentence: '' });
    await first;
    expect(result.kind === 'code' && result.code.reveal()).toBe('firstcode');
  });

  it("passes the portal's refusal on", async () => {
    const { redirectUri, answer } = await start();
    const reply = ask(`${redirectUri}?error=access_denied&error_description=No+thanks&state=${state}`);
    const { result, show } = await answer;
    expect(result).toEqual({ kind: 'refused', error: 'access_denied', description: 'No thanks' });
    await show({ status: 403, title: 'Not signed in', sentence: '' });
    expect((await reply).status).toBe(403);
  });

  it('gives up when time is up', async () => {
    const { answer } = await start(30);
    await expect(answer).rejects.toMatchObject({ kind: 'signed-out', code: 'SIGN_IN_TIMED_OUT' });
  });

  it('ends with Ctrl-C, and frees the port while browsers still hold connections', async () => {
    const waiting = await start();
    const port = Number(new URL(waiting.redirectUri).port);
    const held = connect(port, '127.0.0.1');
    await new Promise((resolve) => held.once('connect', resolve));
    host.interrupt();
    await expect(waiting.answer).rejects.toBe('SIGINT');
    await waiting[Symbol.asyncDispose]();
    await expect(ask(waiting.redirectUri)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
