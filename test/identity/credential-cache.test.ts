import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeCacheEntry, encodeCacheEntry } from '../../src/identity/cache-entry.ts';
import { clearCredentialCache } from '../../src/identity/clear-credential-cache.ts';
import { credentialsFolder, openCredentialCache } from '../../src/identity/credential-cache.ts';
import type { RoleCredentials } from '../../src/identity/role-credentials.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const hour = 3_600_000;
const canary = 'CANARY-secret-access-key';
const credentials = (more: Partial<RoleCredentials> = {}): RoleCredentials => ({
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: new Secret(canary),
  sessionToken: new Secret('CANARY-session-token'),
  expiration: host.now() + hour,
  source: 'permission set X in 111111111111',
  account: '111111111111',
  callerArn: 'arn:aws:sts::111111111111:assumed-role/X/dana',
  checkedAt: host.now(),
  ...more,
});
const parts = (from: TestHost = host) => ({
  host: from,
  output: createOutput(from, { format: undefined, quiet: false, debug: true }),
});
const open = (setting: 'file' | 'none' | 'auto' | 'keychain' = 'file') =>
  openCredentialCache(parts(), setting);
const folder = () => credentialsFolder(host);
const entries = () => readdirSync(folder()).filter((name) => name.endsWith('.json'));
const entry = () => join(folder(), entries()[0] ?? '');

/** How often `issue` is asked by one get. */
async function asks(
  cache: Awaited<ReturnType<typeof open>>,
  key = ['a'],
  more: Partial<RoleCredentials> = {},
) {
  let count = 0;
  const issue = async () => {
    count++;
    return credentials(more);
  };
  const got = await cache.credentials(key, issue, { alone: true });
  expect(got.secretAccessKey.reveal()).toBe(canary);
  return count;
}

describe('role credentials in files', () => {
  it('are asked for once, 0600, in a 0700 folder, and come back as they were', async () => {
    expect(await asks(await open())).toBe(1);
    const second = await openCredentialCache(parts({ ...host }), 'file');
    expect(await asks(second)).toBe(0);
    const found = await second.find(['a']);
    expect(found).toMatchObject({
      ...credentials(),
      expiration: expect.any(Number),
      checkedAt: expect.any(Number),
    });
    expect(found?.sessionToken?.reveal()).toBe('CANARY-session-token');
    expect(second.storage.kind).toBe('file');
  });

  it('are apart by key', async () => {
    const cache = await open();
    expect(await asks(cache, ['a', 'b'])).toBe(1);
    expect(await asks(cache, ['ab'])).toBe(1);
    expect(await asks(cache, ['a,b'])).toBe(1);
    expect(await asks(cache, ['a', 'b'])).toBe(0);
  });

  const spoils: [string, () => void][] = [
    ['emptied', () => writeFileSync(entry(), '')],
    ['garbage', () => writeFileSync(entry(), randomBytes(500))],
    ['cut in half', () => writeFileSync(entry(), readFileSync(entry()).subarray(0, 150))],
    [
      'another version',
      () => writeFileSync(entry(), readFileSync(entry(), 'utf8').replace('"version":1', '"version":2')),
    ],
    ['JSON of another shape', () => writeFileSync(entry(), '{"version":1,"clear":{"accessKeyId":7}}')],
    ['null', () => writeFileSync(entry(), 'null')],
    ['readable by others', () => chmodSync(entry(), 0o644)],
    ['huge', () => writeFileSync(entry(), `${readFileSync(entry(), 'utf8')}${' '.repeat(70_000)}`)],
    ['past its end', () => host.shiftClock(hour)],
    ['about to end', () => host.shiftClock(hour - 4 * 60_000)],
    ['from the future, because the clock went back', () => host.shiftClock(-2 * hour)],
    [
      'a link',
      () => {
        const name = entry();
        renameSync(name, join(folder(), 'elsewhere'));
        symlinkSync(join(folder(), 'elsewhere'), name);
      },
    ],
  ];
  it.each(spoils)('that are %s are a miss and no error', async (_, spoil) => {
    const cache = await open();
    expect(await asks(cache)).toBe(1);
    spoil();
    expect(await asks(cache, ['a'], { expiration: host.now() + hour })).toBe(1);
  });

  it('that are a folder are a miss', async () => {
    const cache = await open();
    await asks(cache);
    const name = entry();
    renameSync(name, `${name}.away`);
    mkdirSync(name);
    expect(await asks(cache)).toBe(1);
    expect(host.err()).toContain('debug: role credentials are not kept');
  });

  it('that are a pipe are a miss, and nobody waits', async () => {
    const cache = await open();
    await asks(cache);
    const name = entry();
    renameSync(name, `${name}.away`);
    if (spawnSync('mkfifo', [name]).status !== 0) return;
    expect(await asks(cache)).toBe(1);
    expect(await asks(cache)).toBe(0);
  });

  it('do not keep anybody from working when the folder can not be written or is not safe', async () => {
    mkdirSync(folder(), { recursive: true });
    chmodSync(folder(), 0o777);
    expect(await asks(await open())).toBe(1);
    expect(host.err()).toContain('debug: role credentials are not kept');
    const other = createTestHost();
    mkdirSync(join(other.directories.cache, '..'), { recursive: true });
    writeFileSync(other.directories.cache, 'a file');
    const cache = await openCredentialCache(parts(other), 'file');
    expect(await asks(cache)).toBe(1);
    other.dispose();
  });

  it('that have no end are not kept', async () => {
    const cache = await open();
    expect(await asks(cache, ['a'], { expiration: undefined })).toBe(1);
    expect(await asks(cache, ['a'], { expiration: undefined })).toBe(1);
  });

  it('are asked for once by many at once; a failure reaches everybody', async () => {
    let count = 0;
    const issue = async () => {
      count++;
      return credentials();
    };
    const caches = await Promise.all(
      Array.from({ length: 50 }, () => openCredentialCache(parts({ ...host }), 'file')),
    );
    await Promise.all(caches.map((cache) => cache.credentials(['a'], issue, { alone: true })));
    expect(count).toBe(1);
    const failing = async () => {
      throw new Error('no');
    };
    await expect((await open()).credentials(['b'], failing, { alone: true })).rejects.toThrow('no');
  });

  it('are removed by clearing, with what a killed process left, and nothing else', async () => {
    await asks(await open());
    await asks(await open(), ['b']);
    writeFileSync(join(folder(), `.${'a'.repeat(64)}.json.0123456789ab.forge`), canary);
    writeFileSync(join(folder(), 'not-ours'), '');
    expect(await clearCredentialCache(host)).toBe(3);
    expect(readdirSync(folder())).toEqual(['not-ours']);
    expect(await clearCredentialCache(createTestHost())).toBe(0);
  });

  it('that ended long ago go when new ones come', async () => {
    const cache = await open();
    await asks(cache);
    const longAgo = (host.now() - 13 * hour) / 1_000;
    utimesSync(entry(), longAgo, longAgo);
    await asks(cache, ['b']);
    expect(entries()).toHaveLength(1);
  });
});

describe('the store', () => {
  it('none keeps nothing', async () => {
    const cache = await open('none');
    expect(cache.storage.kind).toBe('none');
    expect(await asks(cache)).toBe(1);
    expect(await asks(cache)).toBe(1);
    expect(() => readdirSync(folder())).toThrow();
  });

  it('is what FORGE_CREDENTIAL_STORE says, before forge.yaml', async () => {
    const chosen = { ...host, env: { ...host.env, FORGE_CREDENTIAL_STORE: 'none' } };
    expect((await openCredentialCache(parts(chosen), 'file')).storage.kind).toBe('none');
    const wrong = { ...host, env: { ...host.env, FORGE_CREDENTIAL_STORE: 'keychian' } };
    await expect(openCredentialCache(parts(wrong), 'file')).rejects.toMatchObject({
      kind: 'usage',
      code: 'UNKNOWN_CREDENTIAL_STORE',
    });
  });
});

describe('a sealed entry', () => {
  const key = randomBytes(32);
  const seal = () => encodeCacheEntry({ credentials: credentials(), savedAt: 5 }, 'name', key);

  it('shows nothing, and opens only under its key and name', () => {
    const text = seal();
    expect(text).not.toContain('CANARY');
    expect(text).not.toContain('ASIAEXAMPLE');
    expect(decodeCacheEntry(text, 'name', key)?.credentials.secretAccessKey.reveal()).toBe(canary);
    expect(decodeCacheEntry(text, 'other', key)).toBeUndefined();
    expect(decodeCacheEntry(text, 'name', randomBytes(32))).toBeUndefined();
    expect(decodeCacheEntry(text, 'name', undefined)).toBeUndefined();
    const clear = encodeCacheEntry({ credentials: credentials(), savedAt: 5 }, 'name', undefined);
    expect(decodeCacheEntry(clear, 'name', key)).toBeUndefined();
  });

  it('does not open when any bit of it has changed', () => {
    const text = seal();
    const sealed = Buffer.from((JSON.parse(text) as { sealed: string }).sealed, 'base64');
    fc.assert(
      fc.property(fc.nat(sealed.length * 8 - 1), (bit) => {
        const changed = Buffer.from(sealed);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const file = JSON.stringify({ ...JSON.parse(text), sealed: changed.toString('base64') });
        expect(decodeCacheEntry(file, 'name', key)).toBeUndefined();
      }),
    );
  });

  it('never throws, whatever is in the file', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ version: fc.constant(1), clear: fc.anything() })
        .map((value) => JSON.stringify(value) ?? ''),
      fc
        .record({ version: fc.constant(1), nonce: fc.base64String(), sealed: fc.base64String() })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anything, fc.boolean(), (text, sealed) => {
        expect(decodeCacheEntry(text, 'name', sealed ? key : undefined)).toBeUndefined();
      }),
    );
  });

  it('brings back every credential', () => {
    const text = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.option(text, { nil: undefined }),
        fc.boolean(),
        (id, secret, token, sealed) => {
          const given = credentials({
            accessKeyId: id,
            secretAccessKey: new Secret(secret),
            sessionToken: token === undefined ? undefined : new Secret(token),
          });
          const under = sealed ? key : undefined;
          const found = decodeCacheEntry(
            encodeCacheEntry({ credentials: given, savedAt: 7 }, 'n', under),
            'n',
            under,
          );
          expect(found?.savedAt).toBe(7);
          expect(found?.credentials.accessKeyId).toBe(id);
          expect(found?.credentials.secretAccessKey.reveal()).toBe(secret);
          expect(found?.credentials.sessionToken?.reveal()).toBe(token);
        },
      ),
    );
  });
});
