import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetWebhook, keepWebhook, keptWebhook, webhookKeeper } from '../../src/breakglass/kept-webhook.ts';
import { findWebhook, hasWebhook } from '../../src/breakglass/slack.ts';
import type { RemovableItem } from '../../src/identity/keychain.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

const address = 'https://hooks.example.com/services/T0/B0/not-for-everybody';
let host: TestHost;
/** What the keychain holds. */
let drawer: Buffer | undefined;
beforeEach(() => {
  host = createTestHost();
  drawer = undefined;
});
afterEach(() => host.dispose());

const item = (faults: Partial<RemovableItem> = {}): RemovableItem => ({
  name: 'drawer',
  read: async () => drawer,
  write: async (value) => {
    drawer = Buffer.from(value);
  },
  remove: async () => {
    drawer = undefined;
  },
  ...faults,
});
const locked = item({
  name: 'locked drawer',
  write: async () => {
    throw new Error('it is locked');
  },
});
const find = async () => [locked, item()];
const file = () => join(host.directories.state, 'breakglass', 'webhook.json');

describe('the webhook of Slack', () => {
  it('is kept in the first keychain that works, and nothing of it anywhere else', async () => {
    expect(await keptWebhook(host, find)).toBeUndefined();
    expect(await hasWebhook(host)).toBe(false);
    expect(await keepWebhook(host, new Secret(address), find)).toBe('drawer');
    expect(drawer?.toString()).toBe(address);
    expect((await keptWebhook(host, find))?.reveal()).toBe(address);
    expect(await hasWebhook(host)).toBe(true);
    expect(readFileSync(file(), 'utf8')).toBe('{"v":1,"keeper":"drawer"}');
    if (process.platform !== 'win32') expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(await forgetWebhook(host, find)).toBe(true);
    expect([drawer, await webhookKeeper(host), await forgetWebhook(host, find)]).toEqual([
      undefined,
      undefined,
      false,
    ]);
  });

  it('of the variable comes before it, and no keychain is asked then', async () => {
    await keepWebhook(host, new Secret(address), find);
    const env = { ...host.env, FORGE_SLACK_WEBHOOK: 'https://hooks.example.com/of-the-variable' };
    expect((await findWebhook({ ...host, env }))?.reveal()).toBe(env.FORGE_SLACK_WEBHOOK);
    const wrong = findWebhook({ ...host, env: { FORGE_SLACK_WEBHOOK: 'http://example.com/secret-path' } });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_WEBHOOK' });
    await expect(wrong).rejects.not.toThrow(/secret-path/);
  });

  it('that is gone from the keychain, or can’t be had, is said, and can be forgotten', async () => {
    await keepWebhook(host, new Secret(address), find);
    drawer = undefined;
    await expect(keptWebhook(host, find)).rejects.toMatchObject({
      code: 'KEYCHAIN_FAILED',
      message: 'The webhook could not be read from the drawer: it is not there any more.',
    });
    expect(await forgetWebhook(host, find)).toBe(true);
    const none = keepWebhook(host, new Secret(address), async () => [locked]);
    await expect(none).rejects.toMatchObject({
      code: 'KEYCHAIN_FAILED',
      message: 'There is no keychain for it: locked drawer: it is locked.',
    });
    await expect(none).rejects.not.toThrow(/hooks/);
    const absent = keepWebhook(host, new Secret(address), async () => {
      throw new Error('no package');
    });
    await expect(absent).rejects.toThrow(/no package/);
  });
});
