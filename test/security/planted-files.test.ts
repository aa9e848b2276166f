import { execFileSync } from 'node:child_process';
import { lchownSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCachedConfig, saveCachedConfig } from '../../src/config/config-cache.ts';
import { findConfigFiles } from '../../src/config/find-config.ts';
import type { DatabaseRequest } from '../../src/db/database-request.ts';
import { recallEndpoint, rememberEndpoint } from '../../src/db/endpoint-memory.ts';
import { startControlServer } from '../../src/sandbox/process/control.ts';
import { findSandbox } from '../../src/sandbox/process/find-sandbox.ts';
import type { SandboxState } from '../../src/sandbox/process/sandbox-state.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** Files that another local user has laid where forge looks: in a shared folder, or where folders were left open. */
let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

/** The same machine, seen by somebody to whom nothing here belongs. */
const stranger = () => ({ ...host, userId: (host.userId ?? 0) + 1 });

describe.skipIf(process.platform === 'win32')('the remembered endpoints', () => {
  const request = {
    locator: { kind: 'cluster', identifier: 'prod-wealth' },
    region: 'us-east-1',
  } as DatabaseRequest;
  const endpoint = {
    writer: 'evil.cluster-cattacker.us-east-1.rds.amazonaws.com',
    reader: undefined,
    port: 5432,
    resourceId: 'cluster-EVIL',
  };

  it('count when the person wrote them', async () => {
    await rememberEndpoint({ host, output: { debug() {} } as never }, '333333333333', request, endpoint);
    expect((await recallEndpoint(host, '333333333333', request))?.writer).toBe(endpoint.writer);
  });

  it("don't count when somebody else wrote them: they say where production is", async () => {
    await rememberEndpoint({ host, output: { debug() {} } as never }, '333333333333', request, endpoint);
    expect(await recallEndpoint(stranger(), '333333333333', request)).toBeUndefined();
  });

  it("don't count when others could have written them", async () => {
    const file = join(host.directories.cache, 'endpoints.json');
    mkdirSync(host.directories.cache, { recursive: true });
    const key = '333333333333 us-east-1 cluster prod-wealth';
    writeFileSync(file, JSON.stringify({ [key]: { ...endpoint, at: host.now() } }), { mode: 0o666 });
    expect(await recallEndpoint(host, '333333333333', request)).toBeUndefined();
  });
});

describe.skipIf(process.platform === 'win32')('the cached configuration', () => {
  it('is not waited for when a named pipe stands in its place', async () => {
    const path = join(host.directories.working, 'forge.yaml');
    await saveCachedConfig(host, path, { sources: [], data: {} });
    const folder = join(host.directories.cache, 'config');
    const [name = ''] = readdirSync(folder);
    expect(await findCachedConfig(host, path)).toBeDefined();
    rmSync(join(folder, name));
    execFileSync('mkfifo', [join(folder, name)]);
    expect(await findCachedConfig(host, path)).toBeUndefined();
  }, 5_000);
});

describe.skipIf(process.platform === 'win32')('sandbox.json', () => {
  it("of somebody else is no sandbox: its folder goes to the front of PATH, its address gets one's sign-in", async () => {
    const folder = join(host.directories.working, 'forge-sandbox');
    mkdirSync(folder);
    await using control = await startControlServer('planted');
    const state: SandboxState = {
      pid: process.pid,
      folder,
      startedAt: 0,
      url: 'http://127.0.0.1:1',
      adminToken: 'planted',
      controlPort: control.port,
      authority: join(folder, 'ca.pem'),
      config: join(folder, 'forge.yaml'),
      log: join(folder, 'sandbox.log'),
      people: [],
      databases: [],
      clusters: [],
      offline: {
        arn: 'arn:aws:iam::111111111111:user/planted',
        accessKeyId: 'AKIAPLANTED0PLANTED0',
        secretAccessKey: 'planted',
        mfaSerial: 'arn:aws:iam::111111111111:mfa/planted',
        mfaSecret: 'PLANTED',
        keeper: 'alex',
        profile: 'planted',
        roleArn: 'arn:aws:iam::111111111111:role/planted',
      },
    };
    const file = join(folder, 'sandbox.json');
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    expect((await findSandbox(host, folder))?.url).toBe(state.url);
    expect(await findSandbox(stranger(), folder)).toBeUndefined();
  });
});

describe.skipIf(process.platform === 'win32' || process.getuid?.() !== 0)('forge.yaml (as root)', () => {
  it("that is another user's link to a file of one's own is refused, as another user's file is", async () => {
    const own = join(host.directories.home, 'own.yaml');
    writeFileSync(own, 'version: 1\n');
    const shared = join(host.directories.working, 'shared');
    mkdirSync(shared);
    symlinkSync(own, join(shared, 'forge.yaml'));
    const there = { ...host, directories: { ...host.directories, working: shared } };
    expect((await findConfigFiles(there, undefined))[0]?.how).toBe('folder');
    lchownSync(join(shared, 'forge.yaml'), 65_534, 65_534);
    await expect(findConfigFiles(there, undefined)).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
  });
});
