import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakGlassPlace } from '../../../src/breakglass/break-glass-place.ts';
import { planEmergency, tagValue } from '../../../src/breakglass/emergency/plan-emergency.ts';
import { askLine, findWish } from '../../../src/breakglass/request/ask-line.ts';
import { checkTicket } from '../../../src/breakglass/request/check-ticket.ts';
import { planRequest, type RequestWish, tierNamed } from '../../../src/breakglass/request/plan-request.ts';
import type { Tier } from '../../../src/config/break-glass.ts';
import type { Environment } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { createTestHost } from '../../support/test-host.ts';

const host = createTestHost();
const config = await loadConfig(host, join(import.meta.dirname, '..', '..', '..', 'samples', 'forge.yaml'));
host.dispose();
const place = breakGlassPlace(config);
const environment = (name: string) => config.environments.get(name) as Environment;
const wish = (changes: Partial<RequestWish> = {}): RequestWish => ({
  tier: '1',
  scenario: 'database',
  environment: environment('prod-wealth'),
  duration: undefined,
  ticket: 'INC-1',
  reason: 'orders stuck',
  ...changes,
});
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('a request', () => {
  it.each([
    ['the shortest, which is the longest here', wish(), 120],
    ['as typed', wish({ scenario: 'console', duration: '3h30m' }), 210],
    ['the shortest', wish({ scenario: 'console' }), 120],
    ['an hour, where the tier says nothing', wish({ tier: '2', scenario: undefined }), 60],
  ])('lasts %s', (_, typed, minutes) => {
    expect(planRequest(place, typed).minutes).toBe(minutes);
  });

  it('has a ticket as its tier wants it, as a whole', () => {
    const tier = tierNamed(place, '1');
    const strict = { ...tier, ticket: { ...tier.ticket, pattern: 'INC-[0-9]+|CHG' } };
    expect(['INC-12', ' CHG '].map((ticket) => checkTicket(ticket, strict))).toEqual(['INC-12', 'CHG']);
    for (const ticket of ['INC-', 'xINC-1', 'INC-1 and more', 'CHG-INC-1', '', 'INC-1\u202e'])
      expect(codeOf(() => checkTicket(ticket, strict))).toBe('INVALID_TICKET');
    expect(checkTicket('whatever', tier)).toBe('whatever');
  });

  it('is for the group of its scenario in its environment', () => {
    expect(planRequest(place, wish()).rule).toMatchObject({
      groupName: 'grp-forge-jit-tier1-database-prod-wealth',
      permissionSet: 'Forge-Prod-Database',
      approvals: 1,
      requestLifeMinutes: 240,
    });
  });

  it.each([
    ['UNKNOWN_TIER', wish({ tier: '7' })],
    ['TIER_UNCONFIGURED', wish({ tier: '0', scenario: undefined })],
    ['NOT_PRODUCTION', wish({ environment: environment('dev') })],
    ['UNKNOWN_SCENARIO', wish({ scenario: 'everything' })],
    ['UNKNOWN_SCENARIO', wish({ scenario: undefined })],
    ['NO_SCENARIOS', wish({ tier: '2' })],
    ['INVALID_DURATION', wish({ duration: 'long' })],
    ['DURATION_NOT_ALLOWED', wish({ duration: '1h' })],
    ['DURATION_NOT_ALLOWED', wish({ duration: '2h1m' })],
    ['TICKET_NEEDED', wish({ ticket: undefined })],
    ['INVALID_TICKET', wish({ ticket: 'a\nb' })],
    ['REASON_NEEDED', wish({ reason: undefined })],
    ['INVALID_REASON', wish({ reason: ' ' })],
    ['INVALID_REASON', wish({ reason: 'x'.repeat(501) })],
    ['INVALID_REASON', wish({ reason: 'a\u202eb' })],
  ])('%s', (code, typed) => {
    expect(codeOf(() => planRequest(place, typed))).toBe(code);
  });

  it('names what forge.yaml does not say', () => {
    const without = { ...config, breakGlass: { ...place.breakGlass, requestPermissionSet: undefined } };
    expect(() => breakGlassPlace(without)).toThrow(/does not say break_glass\.request_permission_set\./);
    expect(codeOf(() => breakGlassPlace({ ...config, breakGlass: undefined }))).toBe(
      'BREAK_GLASS_UNCONFIGURED',
    );
  });
});

describe('an emergency', () => {
  const emergency = (changes: Partial<RequestWish> = {}) =>
    planEmergency(tierNamed(place, '0'), wish({ tier: '0', scenario: undefined, ...changes }));

  it('is an hour of the role, in the environment’s account, with tags that the trust policy demands', () => {
    expect(emergency({ ticket: undefined })).toMatchObject({
      roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency',
      permissionSet: 'Forge-SRE-OnCall',
      seconds: 3_600,
      tags: { 'forge:tier': '0', 'forge:incident': 'to-follow', 'forge:reason': 'orders stuck' },
    });
  });

  it.each([
    ['USAGE', { duration: '2h' }],
    ['USAGE', { scenario: 'database' }],
    ['REASON_NEEDED', { reason: undefined }],
    ['NOT_PRODUCTION', { environment: environment('qa') }],
  ])('%s: %j', (code, changes) => {
    expect(codeOf(() => emergency(changes))).toBe(code);
  });

  it('makes a tag that IAM takes of any words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const value = tagValue(text);
        expect(value).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u);
        expect(Array.from(value).length).toBeLessThanOrEqual(256);
        expect(value.trim()).toBe(value);
      }),
    );
  });
});

describe('the line that asks', () => {
  it('is undefined where nothing is configured', () => {
    expect(findWish(undefined, { name: 'prod-cash' }, 'db connect')).toBeUndefined();
  });
  it('asks for changes with a scenario of their own, where there is one, and for nothing else', () => {
    const tier = tierNamed(place, '1');
    const own = { ...tier, scenarios: ['database-change', ...tier.scenarios] };
    const scenarioOf = (purpose: string, of: Tier = own) =>
      findWish({ ...place.breakGlass, tiers: new Map([['1', of]]) }, { name: 'prod-cash' }, purpose)
        ?.scenario;
    expect(['db run', 'db query', 'ssm'].map((purpose) => scenarioOf(purpose))).toEqual([
      'database-change',
      'database',
      'instance',
    ]);
    expect(scenarioOf('db run', tier)).toBe('database');
  });
  it('leaves the ticket out where none is asked for before', () => {
    const tier = { ...tierNamed(place, '2'), ticket: { when: 'after' as const, withinSeconds: undefined } };
    const only = { ...place.breakGlass, tiers: new Map([['2', tier]]) };
    const wish = findWish(only, { name: 'prod-cash' }, 'db connect');
    expect(wish && askLine(wish)).toBe('forge breakglass --tier 2 --env prod-cash --reason "…"');
  });
});
