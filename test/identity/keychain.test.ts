import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseCredentialStore } from '../../src/identity/credential-store.ts';
import { type KeychainItem, limited, openKeychain, systemKeychain } from '../../src/identity/keychain.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

interface Drawer {
  value?: Buffer;
  reads: number;
}
const item = (drawer: Drawer, more: Partial<KeychainItem> = {}): KeychainItem => ({
  name: 'drawer',
  read: async () => {
    drawer.reads++;
    return drawer.value;
  },
  write: async (value) => {
    drawer.value = Buffer.from(value);
  },
  ...more,
});
const never = <Value>() => new Promise<Value>(() => {});
const open = (...items: KeychainItem[]) =>
  openKeychain(host, join(host.directories.cache, 'credentials'), async () => items);

describe('the keychain', () => {
  it('gets a key once, and is read once afterwards', async () => {
    const drawer: Drawer = { reads: 0 };
    const first = await open(item(drawer));
    drawer.reads = 0;
    const second = await open(item(drawer));
    expect(second).toEqual(first);
    expect(second).toMatchObject({ kind: 'opened', name: 'drawer' });
    expect(drawer.value).toHaveLength(32);
    expect(drawer.reads).toBe(1);
  });

  it('ends with one key when many open it first at once', async () => {
    const drawer: Drawer = { reads: 0 };
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(item(drawer))));
    expect(
      new Set(opened.map((one) => (one.kind === 'opened' ? one.key.toString('hex') : one.reason))).size,
    ).toBe(1);
  });

  it('replaces what is no key', async () => {
    const drawer: Drawer = { reads: 0, value: Buffer.from('short') };
    expect((await open(item(drawer))).kind).toBe('opened');
    expect(drawer.value).toHaveLength(32);
  });

  it('counts as absent when it refuses, forgets, or there is none', async () => {
    const drawer: Drawer = { reads: 0 };
    const refuse = () => Promise.reject(new Error('AccessDenied.\nmore'));
    expect(await open()).toEqual({ kind: 'unavailable', reason: 'there is none', slow: false });
    expect(await open(item(drawer, { read: refuse }))).toEqual({
      kind: 'unavailable',
      reason: 'drawer: AccessDenied',
      slow: false,
    });
    expect(await open(item(drawer, { write: refuse }))).toMatchObject({ kind: 'unavailable' });
    expect(await open(item(drawer, { write: async () => {} }))).toEqual({
      kind: 'unavailable',
      reason: 'drawer: it does not keep what is stored in it',
      slow: false,
    });
    const lost = () => Promise.reject(new Error('the optional package @napi-rs/keyring is not installed'));
    expect(await openKeychain(host, host.directories.cache, lost)).toMatchObject({
      reason: 'the optional package @napi-rs/keyring is not installed',
    });
  });

  it('takes the next one when the first is not there', async () => {
    const second = item({ reads: 0, value: randomBytes(32) }, { name: 'second' });
    const first = item({ reads: 0 }, { read: () => Promise.reject(new Error('no bus')) });
    expect(await open(first, second)).toMatchObject({ kind: 'opened', name: 'second' });
  });

  it('is given three seconds, then it counts as absent', async () => {
    const started = performance.now();
    const found = await open(item({ reads: 0 }, { read: never }));
    expect(found).toEqual({
      kind: 'unavailable',
      reason: 'drawer: it did not answer within 3 s',
      slow: true,
    });
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

describe("this machine's keychain", () => {
  it('gives what is put into it, and takes it out again', async () => {
    for (const item of await systemKeychain(host.platform, `test-${randomUUID()}`)) {
      const value = randomBytes(40);
      // Not every machine has each of them, nor one that is open.
      const written = await limited(item.write(value)).then(
        () => true,
        () => false,
      );
      if (!written) continue;
      expect(await item.read()).toEqual(value);
      await item.remove();
      expect(await item.read().catch(() => undefined)).toBeUndefined();
    }
  });

  it('is used when it works; asked for and absent it is an error, else files are taken and it is said', async () => {
    const folder = join(host.directories.cache, 'credentials');
    const output = createOutput(host, { format: undefined, quiet: false, debug: true });
    const auto = await chooseCredentialStore({ host, output }, 'auto', folder);
    const asked = chooseCredentialStore({ host: { ...host }, output }, 'keychain', folder);
    if (auto.storage.kind === 'keychain') {
      expect((await asked).key).toEqual(auto.key);
    } else {
      expect(auto).toMatchObject({ key: undefined, storage: { kind: 'file' } });
      expect(host.err()).toContain('debug: no keychain (');
      await expect(asked).rejects.toMatchObject({ code: 'CREDENTIAL_STORE_UNAVAILABLE' });
    }
  });
});
