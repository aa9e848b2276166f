import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findOrder, openSessionFolder } from '../../src/breakglass/session/open-sessions.ts';
import { main } from '../../src/main.ts';
import { flags, startUrl, useLoginStage } from './login-stage.ts';

const at = useLoginStage();

describe('forge logout', () => {
  it('signs out at the portal and removes what forge keeps', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    const credentials = join(at.host.directories.cache, 'credentials');
    mkdirSync(credentials, { recursive: true });
    writeFileSync(join(credentials, `${'a'.repeat(64)}.json`), '{}');
    expect(await main(['logout'], at.host)).toBe(0);
    expect(at.host.out()).toContain(`Signed out of ${startUrl}.`);
    expect(at.stub.count('Logout')).toBe(1);
    expect(existsSync(at.file)).toBe(false);
    expect(readdirSync(credentials)).toEqual([]);
    expect(await main(['logout', '--output', 'json'], at.host)).toBe(0);
    expect(at.host.out()).toContain('"signedOut": []');
    expect(at.stub.count('Logout')).toBe(1);
  });

  it('ends the break-glass sessions on this machine', async () => {
    const grant = {
      id: 'BG-01K9ZZZZZZZZZZZZZZZZZZ7F3K',
      tier: 1,
      environment: 'prod-wealth',
      region: 'us-east-1',
      reason: 'INC-1',
      endsAt: at.host.now() + 60_000,
    } as const;
    await using folder = await openSessionFolder(at.host, grant);
    expect(findOrder(folder.path)).toBeUndefined();
    expect(await main(['logout'], at.host)).toBe(0);
    expect(at.host.err()).toContain(`Ends the break-glass session ${grant.id} on prod-wealth.`);
    expect(findOrder(folder.path)).toEqual({ why: 'signed-out' });
  });

  it('says already signed out, exit 0', async () => {
    expect(await main(['logout'], at.host)).toBe(0);
    expect(at.host.out()).toBe('Already signed out.\n');
  });

  it('removes the files and says what is left when the portal is unreachable: exit 6', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    Object.assign(at.host.env, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(await main(['logout'], at.host)).toBe(6);
    expect(at.host.err()).toContain('The portal was not told: Failed to reach 127.0.0.1:9');
    expect(existsSync(at.file)).toBe(false);
  });

  it('renews an expired token once more, to end the sign-in that it would else leave open', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    at.stub.accessTokens.clear();
    expect(await main(['logout'], at.host)).toBe(0);
    expect(at.stub.count('Logout')).toBe(2);
    expect(at.stub.refreshTokens.size).toBe(0);
  });

  it('a damaged file is removed too', async () => {
    mkdirSync(dirname(at.file), { recursive: true });
    writeFileSync(at.file, '{"access');
    expect(await main(['logout'], at.host)).toBe(0);
    expect(existsSync(at.file)).toBe(false);
  });

  it("--all takes every tool's sign-in and leaves registrations", async () => {
    await main(['login', '--device-code', ...flags], at.host);
    await main(['login', '--device-code', '--session', 'other', ...flags], at.host);
    const cli = join(at.host.directories.home, '.aws', 'cli', 'cache');
    mkdirSync(cli, { recursive: true });
    writeFileSync(join(cli, 'a.json'), '{"ProviderType": "sso"}');
    writeFileSync(join(cli, 'b.json'), '{"ProviderType": "assume-role"}');
    expect(await main(['logout', '--all'], at.host)).toBe(0);
    expect(at.cacheFiles()).toHaveLength(2);
    for (const name of at.cacheFiles()) {
      expect(readFileSync(join(dirname(at.file), name), 'utf8')).not.toContain('accessToken');
    }
    expect(readdirSync(cli)).toEqual(['b.json']);
  });

  it('--plan changes nothing', async () => {
    await main(['login', '--device-code', ...flags], at.host);
    expect(await main(['logout', '--plan'], at.host)).toBe(0);
    expect(at.host.out()).toContain('sso Logout');
    expect(existsSync(at.file)).toBe(true);
    expect(at.stub.count('Logout')).toBe(0);
  });
});
