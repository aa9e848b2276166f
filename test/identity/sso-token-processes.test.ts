import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAws } from '../../src/aws/clients.ts';
import { registerClient } from '../../src/aws/sso-oidc.ts';
import { tokenFile } from '../../src/identity/sso-cache-file.ts';
import { isoSeconds } from '../../src/lib/iso-seconds.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';
import { type IdentityStub, startIdentityStub } from './identity-stub.ts';

let stub: IdentityStub;
let host: TestHost;
let script: string;
const scripts = mkdtempSync(join(tmpdir(), 'forge-token-worker-'));
const file = () => tokenFile(host, { session: 'forge' });

beforeEach(async () => {
  script = await bundleScript(join(import.meta.dirname, 'token-worker.ts'), scripts);
  stub = await startIdentityStub();
  host = createTestHost();
  const aws = createAws({ ...host, env: { AWS_ENDPOINT_URL: stub.url } });
  const client = await registerClient(aws, 'us-east-1', { clientName: 'x', scopes: [] });
  stub.accessTokens.add('CANARY-access-old');
  stub.refreshTokens.add('CANARY-refresh-old');
  const record = {
    startUrl: 'https://d-1234567890.awsapps.com/start',
    region: 'us-east-1',
    accessToken: 'CANARY-access-old',
    expiresAt: isoSeconds(Date.now() + 20_000),
    clientId: client.clientId,
    clientSecret: client.clientSecret.reveal(),
    registrationExpiresAt: isoSeconds(client.expiresAt),
    refreshToken: 'CANARY-refresh-old',
  };
  mkdirSync(dirname(file()), { recursive: true });
  writeFileSync(file(), JSON.stringify(record));
});
afterEach(async () => {
  await stub[Symbol.asyncDispose]();
  host.dispose();
  rmSync(scripts, { recursive: true, force: true });
});

function start(): { child: ChildProcess; ended: Promise<{ code: number | null; out: string; err: string }> } {
  const env = { PATH: process.env.PATH, HOME: host.directories.home, AWS_ENDPOINT_URL: stub.url };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) };
}

/** Reads the file every millisecond, as another tool might, and counts what was not whole. */
function watchForTornReads(): { stop(): { reads: number; torn: number } } {
  let reads = 0;
  let torn = 0;
  const timer = setInterval(() => {
    reads++;
    try {
      if (typeof JSON.parse(readFileSync(file(), 'utf8')).accessToken !== 'string') torn++;
    } catch {
      torn++;
    }
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      return { reads, torn };
    },
  };
}

describe('many processes, one token about to end', () => {
  it('50 of them: one renewal with a rotating refresh token, all get the new one, no torn read', async () => {
    const watch = watchForTornReads();
    const results = await Promise.all(Array.from({ length: 50 }, () => start().ended));
    const { reads, torn } = watch.stop();
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    expect(new Set(results.map(({ out }) => out)).size).toBe(1);
    expect(stub.accessTokens).toContain(results[0]?.out);
    expect(stub.count('CreateToken')).toBe(1);
    expect(reads).toBeGreaterThan(50);
    expect(torn).toBe(0);
    expect(existsSync(`${file()}.lock`)).toBe(false);
  }, 120_000);

  it('a holder killed in the middle of renewing holds nobody up', async () => {
    stub.failures.set('CreateToken', ['hang']);
    const victim = start();
    while (stub.count('CreateToken') === 0) await sleep(5);
    expect(existsSync(`${file()}.lock`)).toBe(true);
    victim.child.kill('SIGKILL');
    await victim.ended;
    const began = performance.now();
    const results = await Promise.all(Array.from({ length: 8 }, () => start().ended));
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    expect(new Set(results.map(({ out }) => out)).size).toBe(1);
    expect(stub.count('CreateToken')).toBe(2);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(existsSync(`${file()}.lock`)).toBe(false);
  }, 60_000);
});
