import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ActiveGrant, sessionExit } from '../../../src/breakglass/session/active-grant.ts';
import { breakGlassSession } from '../../../src/breakglass/session/session-client.ts';
import { obtainSessionKeys } from '../../../src/breakglass/session/session-keys.ts';
import { type SessionLife, startLife } from '../../../src/breakglass/session/session-life.ts';
import { sessionSocketName, startSessionServer } from '../../../src/breakglass/session/session-server.ts';
import { ForgeError } from '../../../src/errors.ts';
import type { PrivateSocket } from '../../../src/files/private-socket.ts';
import { openSocketFolder, type RunFolder } from '../../../src/files/run-folder.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

let host: TestHost;
let folder: RunFolder;
let grant: ActiveGrant;
let life: SessionLife;
let server: PrivateSocket;
let fail: Error | undefined;
beforeEach(async () => {
  host = createTestHost();
  fail = undefined;
  grant = {
    id: 'BG-01K9ZZZZZZZZZZZZZZZZZZ7F3K',
    tier: 2,
    environment: 'prod-wealth',
    region: 'us-east-1',
    reason: 'INC-1',
    endsAt: host.now() + 600_000,
  };
  folder = await openSocketFolder(host, 'breakglass-socket', sessionSocketName);
  life = startLife(host, grant, () => {});
  const keys = await obtainSessionKeys(host, give, life);
  server = await startSessionServer(host, folder.path, { grant, life, keys });
});
afterEach(async () => {
  life.end({ why: 'finished' });
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  host.dispose();
});

async function give() {
  if (fail !== undefined) throw fail;
  return {
    accessKeyId: 'ASIA1',
    secretAccessKey: new Secret('secret-of-the-socket'),
    sessionToken: new Secret('token-of-the-socket'),
    expiration: host.now() + 3_600_000,
    source: 'break-glass tier 2',
    account: '444444444444',
    callerArn: 'arn:aws:sts::444444444444:assumed-role/x/dana',
    checkedAt: 5,
  };
}

/** As a forge that the session has started. */
function inside(env: Readonly<Record<string, string>> = {}) {
  const own = { FORGE_BREAKGLASS_SOCKET: server.path, FORGE_BREAKGLASS_KEY: server.key.reveal() };
  return { ...host, env: { ...own, ...env } };
}

async function open() {
  const session = await breakGlassSession(inside());
  if (session === undefined) throw new Error('there is a session');
  return session;
}

/** What comes back for these bytes, until the other end closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(server.path, () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(text));
  });
}

describe('the socket of a session', () => {
  it('is for this person alone', () => {
    expect(statSync(server.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(server.path)).mode & 0o777).toBe(0o700);
  });

  it('says what the session is and gives its credentials, until the session ends at most', async () => {
    const session = await open();
    expect(session).toMatchObject(grant);
    const credentials = await session.credentials();
    expect(credentials).toMatchObject({
      accessKeyId: 'ASIA1',
      expiration: grant.endsAt,
      source: 'break-glass tier 2',
      account: '444444444444',
      callerArn: 'arn:aws:sts::444444444444:assumed-role/x/dana',
      checkedAt: 5,
    });
    expect(credentials.secretAccessKey.reveal()).toBe('secret-of-the-socket');
    expect(credentials.sessionToken?.reveal()).toBe('token-of-the-socket');
    const { leftMs, issuedUntil } = await session.status();
    expect(leftMs).toBeLessThanOrEqual(600_000);
    expect(issuedUntil).toBeGreaterThan(grant.endsAt);
  });

  it('is nothing outside a session', async () => {
    expect(await breakGlassSession(host)).toBeUndefined();
  });

  it('ends when it is asked to, and tells whoever watches', async () => {
    const session = await open();
    const watch = await session.watch();
    await session.end();
    expect(await watch.over).toMatchObject({ code: 'BREAKGLASS_OVER', kind: 'denied' });
    expect(watch.signal.reason).toBeInstanceOf(ForgeError);
    expect((await life.ended).why).toBe('ended');
    for (const late of [session.credentials(), session.status(), session.end(), session.watch()])
      await expect(late).rejects.toMatchObject({ code: 'BREAKGLASS_OVER', message: /it was ended/ });
  });

  it('is over for its clients when the forge that holds it is gone', async () => {
    const session = await open();
    using watch = await session.watch();
    await server[Symbol.asyncDispose]();
    expect(await watch.over).toMatchObject({ code: 'BREAKGLASS_OVER' });
    await expect(session.credentials()).rejects.toMatchObject({ code: 'BREAKGLASS_OVER', kind: 'denied' });
    await expect(breakGlassSession(inside())).rejects.toMatchObject({ hint: /Leave this shell with exit/ });
    expect(existsSync(server.path)).toBe(false);
  });

  it('is silent to a watch that was given up', async () => {
    const session = await open();
    const watch = await session.watch();
    watch[Symbol.dispose]();
    life.end({ why: 'expired' });
    expect(watch.signal.aborted).toBe(false);
  });

  it('hands on why AWS gave no keys', async () => {
    grant = { ...grant, endsAt: host.now() + 7_200_000 };
    using longer = startLife(host, grant, () => {});
    using keys = await obtainSessionKeys(host, give, longer);
    await server[Symbol.asyncDispose]();
    server = await startSessionServer(host, folder.path, { grant, life: longer, keys });
    const session = await open();
    host.shiftClock(3_600_000);
    fail = new ForgeError('unreachable', 'No way to AWS.', { code: 'NO_NETWORK', hint: 'Connect.' });
    await expect(session.credentials()).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'No way to AWS.',
      code: 'NO_NETWORK',
      hint: 'Connect.',
    });
  });

  it('can be interrupted', async () => {
    const session = await open();
    host.interrupt();
    await expect(session.credentials()).rejects.toBe('SIGINT');
  });

  it.each([
    ['no key', '{"ask":"credentials"}\n'],
    ['another key', `{"key":"${'A'.repeat(43)}","ask":"credentials"}\n`],
    ['another key for the end', `{"key":"${'A'.repeat(43)}","ask":"end"}\n`],
    ['no JSON', 'credentials\n'],
    ['null', 'null\n'],
    ['a line without an end', 'x'.repeat(5_000)],
  ])('says nothing to %s', async (_, bytes) => {
    expect(await raw(bytes)).toBe('');
    life.throwIfOver();
  });

  it('says nothing to a question that there is not', async () => {
    expect(await raw(`{"key":"${server.key.reveal()}","ask":"everything"}\n`)).toBe('');
  });
});

describe('the exit code of a session', () => {
  it.each([
    ['finished', 42],
    ['ended', 0],
  ] as const)('is a number where it was %s', (why, code) => {
    expect(sessionExit(grant, { ending: { why }, exitCode: 42 })).toBe(code);
  });

  it.each([
    ['expired', 7],
    ['revoked', 5],
    ['signed-out', 4],
    ['terminated', 143],
  ] as const)('is a failure where it was %s', (why, exitCode) => {
    expect(() => sessionExit(grant, { ending: { why }, exitCode: 129 })).toThrow(
      expect.objectContaining({ exitCode }),
    );
  });
});
