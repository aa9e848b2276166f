import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActiveGrant } from '../../../src/breakglass/session/active-grant.ts';
import { obtainSessionKeys } from '../../../src/breakglass/session/session-keys.ts';
import { type SessionLife, startLife } from '../../../src/breakglass/session/session-life.ts';
import { ForgeError } from '../../../src/errors.ts';
import type { RoleCredentials } from '../../../src/identity/role-credentials.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { eventually } from '../../support/processes.ts';

const minute = 60_000;
let clock: { wall: number; monotonic: number };
let grant: ActiveGrant;
let life: SessionLife;
let said: number[];
const host = { now: () => clock.wall, monotonic: () => clock.monotonic };
beforeEach(() => {
  clock = { wall: 1_800_000_000_000, monotonic: 5_000 };
  said = [];
  grant = {
    id: 'BG-1',
    tier: 1,
    environment: 'prod-wealth',
    region: 'us-east-1',
    reason: 'INC-1',
    endsAt: clock.wall + 240 * minute,
  };
  life = startLife(host, grant, (left) => said.push(left));
});
afterEach(() => life[Symbol.dispose]());

const pass = (milliseconds: number) => {
  clock.wall += milliseconds;
  clock.monotonic += milliseconds;
};

function source(lifetime = 60 * minute) {
  const asked = { times: 0, fail: undefined as Error | undefined, gate: Promise.resolve() };
  const give = async (): Promise<RoleCredentials> => {
    asked.times++;
    const number = asked.times;
    await asked.gate;
    if (asked.fail !== undefined) throw asked.fail;
    return {
      accessKeyId: `ASIA${number}`,
      secretAccessKey: new Secret(`secret-number-${number}`),
      sessionToken: new Secret(`token-number-${number}`),
      expiration: clock.wall + lifetime,
      source: 'the test',
      account: undefined,
      callerArn: undefined,
    };
  };
  return { asked, give };
}

describe('the keys of a session', () => {
  it('are there at the start, are renewed before anybody has to wait, and end with the session', async () => {
    const { asked, give } = source();
    using keys = await obtainSessionKeys(host, give, life);
    expect(asked.times).toBe(1);
    expect(await keys.current()).toMatchObject({
      accessKeyId: 'ASIA1',
      expiration: clock.wall + 60 * minute,
    });
    pass(45 * minute);
    await eventually(async () => asked.times === 2);
    await eventually(async () => (await keys.current()).accessKeyId === 'ASIA2');
    expect((await keys.current()).accessKeyId).toBe('ASIA2');
    pass(190 * minute);
    // 5 minutes are left; what AWS gives lasts for an hour.
    expect((await keys.current()).expiration).toBe(grant.endsAt);
    expect(keys.issuedUntil()).toBe(clock.wall + 60 * minute);
  });

  it('are renewed once at a given time, whatever their age, and again where that fails', async () => {
    const { asked, give } = source();
    using keys = await obtainSessionKeys(host, give, life, { renewAt: clock.wall + minute });
    pass(59_000);
    await sleep(1_100);
    expect(asked.times).toBe(1);
    asked.fail = new Error('down');
    pass(1_000);
    await eventually(async () => asked.times === 2);
    expect((await keys.current()).accessKeyId).toBe('ASIA1');
    asked.fail = undefined;
    pass(minute);
    await eventually(async () => (await keys.current()).accessKeyId === 'ASIA3');
    pass(minute);
    await sleep(1_100);
    expect(asked.times).toBe(3);
  });

  it('that AWS refused are renewed for whoever asks, and once for all of half a minute', async () => {
    const { asked, give } = source();
    using keys = await obtainSessionKeys(host, give, life);
    const all = await Promise.all([keys.renewed(), keys.renewed()]);
    expect(all.map(({ accessKeyId }) => accessKeyId)).toEqual(['ASIA2', 'ASIA2']);
    expect((await keys.renewed()).accessKeyId).toBe('ASIA2');
    expect((await keys.current()).accessKeyId).toBe('ASIA2');
    pass(minute);
    expect((await keys.renewed()).accessKeyId).toBe('ASIA3');
    expect(asked.times).toBe(3);
    life.end({ why: 'ended' });
    await expect(keys.renewed()).rejects.toThrow('has ended');
  });

  it('are asked for once by all who wait', async () => {
    const { asked, give } = source();
    using keys = await obtainSessionKeys(host, give, life);
    pass(61 * minute);
    const all = await Promise.all([keys.current(), keys.current(), keys.current()]);
    expect(all.map(({ accessKeyId }) => accessKeyId)).toEqual(['ASIA2', 'ASIA2', 'ASIA2']);
    expect(asked.times).toBe(2);
  });

  it('serve while a renewal fails, which is not tried all the time; then its reason is said', async () => {
    const { asked, give } = source();
    using keys = await obtainSessionKeys(host, give, life);
    asked.fail = new ForgeError('denied', 'Not any more.', { code: 'GONE' });
    pass(50 * minute);
    await eventually(async () => asked.times === 2);
    expect((await keys.current()).accessKeyId).toBe('ASIA1');
    await sleep(1_200);
    expect(asked.times).toBe(2);
    pass(10 * minute);
    await expect(keys.current()).rejects.toMatchObject({ code: 'GONE' });
  });

  it('are not given out by a renewal that comes back after the end', async () => {
    const { asked, give } = source();
    using keys = await obtainSessionKeys(host, give, life);
    let open = () => {};
    asked.gate = new Promise((resolve) => {
      open = resolve;
    });
    pass(61 * minute);
    const waiting = keys.current();
    life.end({ why: 'revoked' });
    open();
    await expect(waiting).rejects.toMatchObject({ code: 'BREAKGLASS_OVER', kind: 'denied' });
    await expect(keys.current()).rejects.toMatchObject({ code: 'BREAKGLASS_OVER' });
  });

  it('are refused after sleep before any timer has run', async () => {
    using keys = await obtainSessionKeys(host, source().give, life);
    clock.wall += 12 * 60 * minute;
    await expect(keys.current()).rejects.toMatchObject({ code: 'BREAKGLASS_OVER' });
    expect((await life.ended).why).toBe('expired');
  });

  it('must end by themselves', async () => {
    const give = async () => ({ ...(await source().give()), expiration: undefined, sessionToken: undefined });
    await expect(obtainSessionKeys(host, give, life)).rejects.toMatchObject({
      code: 'BREAKGLASS_LASTING_KEYS',
    });
  });
});

describe('the life of a session', () => {
  it('warns 10 minutes and 1 minute before, by the clock that is nearer to the end', async () => {
    pass(231 * minute);
    await eventually(async () => said.length === 1);
    clock.wall += 8.5 * minute;
    await eventually(async () => said.length === 2);
    expect(said).toEqual([9 * minute, 0.5 * minute]);
  });

  it('ends once, for the first reason', async () => {
    life.end({ why: 'revoked', said: 'by mia' });
    life.end({ why: 'ended' });
    expect(await life.ended).toEqual({ why: 'revoked', said: 'by mia' });
    expect(() => life.throwIfOver()).toThrow(/it was revoked \(by mia\)/);
  });

  it('last as long as the session where that is prolonged, and warnings are given anew', async () => {
    grant = { ...grant, endsAt: clock.wall + 30 * minute };
    using short = startLife(host, grant, (left) => said.push(Math.round(left / minute)));
    const { give } = source();
    using keys = await obtainSessionKeys(host, give, short);
    expect((await keys.current()).expiration).toBe(grant.endsAt);
    pass(21 * minute);
    await eventually(async () => said.length === 1);
    expect(short.prolong(grant.endsAt)).toBe(false);
    expect(short.prolong(grant.endsAt + 20 * minute)).toBe(true);
    expect([short.endsAt(), Math.round(short.left() / minute)]).toEqual([grant.endsAt + 20 * minute, 29]);
    expect((await keys.current()).expiration).toBe(grant.endsAt + 20 * minute);
    pass(20 * minute);
    await eventually(async () => said.length === 2);
    expect(said).toEqual([9, 9]);
    pass(10 * minute);
    expect(short.prolong(grant.endsAt + 40 * minute)).toBe(false);
    expect(() => short.throwIfOver()).toThrow(/its time is up/);
  });
});
