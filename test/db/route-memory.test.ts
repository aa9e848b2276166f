import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { neededTunnel, rememberWay } from '../../src/db/route-memory.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const endpoint = 'shop.cluster-c9.us-east-1.rds.amazonaws.com:5432';
const parts = () => ({ host, output: { debug() {} } as never });
const later = (minutes: number) => ({ ...host, now: () => host.now() + minutes * 60_000 });
const lay = (content: string, mode = 0o600) => {
  mkdirSync(host.directories.cache, { recursive: true, mode: 0o700 });
  writeFileSync(join(host.directories.cache, 'tunneled.json'), content, { mode });
};

describe('the way that was needed', () => {
  it('is remembered for half an hour, for this endpoint alone, and forgotten when told', async () => {
    expect(await neededTunnel(host, endpoint)).toBe(false);
    await rememberWay(parts(), endpoint, true);
    expect(await neededTunnel(host, endpoint)).toBe(true);
    expect(await neededTunnel(host, `other-${endpoint}`)).toBe(false);
    expect(await neededTunnel(later(29), endpoint)).toBe(true);
    expect(await neededTunnel(later(31), endpoint)).toBe(false);
    expect(await neededTunnel(later(-1), endpoint)).toBe(false);
    await rememberWay(parts(), endpoint, false);
    expect(await neededTunnel(host, endpoint)).toBe(false);
  });

  it.each(['', 'null', '[', '[1]', '{"a":{}}', `{"${endpoint}":"soon"}`, `{"${endpoint}":null}`])(
    'a file that says %j says nothing, and is mended by the next',
    async (content) => {
      lay(content);
      expect(await neededTunnel(host, endpoint)).toBe(false);
      await rememberWay(parts(), endpoint, true);
      expect(await neededTunnel(host, endpoint)).toBe(true);
    },
  );

  it.skipIf(process.platform === 'win32')('counts only where nobody else could have written it', async () => {
    await rememberWay(parts(), endpoint, true);
    expect(await neededTunnel({ ...host, userId: (host.userId ?? 0) + 1 }, endpoint)).toBe(false);
  });

  it('that can not be kept fails nothing', async () => {
    // A file stands where the folder should be.
    mkdirSync(dirname(host.directories.cache), { recursive: true });
    writeFileSync(host.directories.cache, '');
    await expect(rememberWay(parts(), endpoint, true)).resolves.toBeUndefined();
  });
});
