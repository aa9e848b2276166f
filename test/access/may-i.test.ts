import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AccessQuestion, refusal } from '../../src/access/may-i.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { yaml } from '../identity/forge-stage.ts';
import { createTestHost } from '../support/test-host.ts';

async function question(environment: string | undefined, more: Partial<AccessQuestion> = {}) {
  const host = createTestHost();
  writeFileSync(join(host.directories.home, 'forge.yaml'), yaml);
  const config = await loadConfig(host, join(host.directories.home, 'forge.yaml'));
  host.dispose();
  const found = environment === undefined ? undefined : config.environments.get(environment);
  expect(found === undefined).toBe(environment === undefined);
  return { config, environment: found, purpose: 'exec', reason: undefined, ...more };
}

describe('may I?', () => {
  const cases: [string, string | undefined, Partial<AccessQuestion>, string | undefined][] = [
    ['without an environment', undefined, {}, undefined],
    ['outside production', 'dev', {}, undefined],
    ['outside production, where a reason is needed', 'dev', { reasonNeeded: true }, undefined],
    ['production without a permission set', 'prod-cash', {}, 'BREAK_GLASS_NEEDED'],
    ['… also with a reason', 'prod-cash', { reason: 'INC-1' }, 'BREAK_GLASS_NEEDED'],
    ['production with one', 'prod-wealth', {}, undefined],
    [
      '… within a grant that is named, not by standing access',
      'prod-wealth',
      { grant: 'bg-7f3k' },
      'BREAK_GLASS_NEEDED',
    ],
    ['… in its session', 'prod-wealth', { grant: 'bg-7f3k', granted: true }, undefined],
    ['a grant that is named outside production', 'dev', { grant: 'bg-7f3k' }, 'NOT_PRODUCTION'],
    ['a grant that is named without an environment', undefined, { grant: 'bg-7f3k' }, 'NOT_PRODUCTION'],
    ['… where keys leave, without a reason', 'prod-wealth', { reasonNeeded: true }, 'REASON_NEEDED'],
    ['… with a reason', 'prod-wealth', { reasonNeeded: true, reason: 'INC-1' }, undefined],
    ['… with an empty one', 'prod-wealth', { reasonNeeded: true, reason: '  ' }, 'INVALID_REASON'],
    ['a reason of two lines', 'dev', { reason: 'a\nb' }, 'INVALID_REASON'],
    ['a reason of 500 characters', 'dev', { reason: 'x'.repeat(500) }, undefined],
    ['a reason of 501', 'dev', { reason: 'x'.repeat(501) }, 'INVALID_REASON'],
  ];
  it.each(cases)('%s', async (_, environment, more, code) => {
    expect(refusal(await question(environment, more))?.code).toBe(code);
  });

  it('names the way in', async () => {
    const refused = refusal(await question('prod-cash'));
    expect(refused?.kind).toBe('denied');
    expect(refused?.message).toBe('No one has standing access to prod-cash.');
    expect(refused?.hint).toContain('forge.yaml has no tier');
  });

  it.each([
    ['db connect', '--tier 1 --scenario database --env prod-cash --ticket … --reason "…"'],
    ['ssm run', '--tier 1 --scenario instance --env prod-cash --ticket … --reason "…"'],
    ['kube exec', '--tier 1 --scenario kubernetes --env prod-cash --ticket … --reason "…"'],
    ['console', '--tier 1 --scenario console --env prod-cash --ticket … --reason "…"'],
    [
      'exec',
      '--tier 1 --scenario instance|database|kubernetes|console --env prod-cash --ticket … --reason "…"',
    ],
  ])('of forge %s: the line to type', async (purpose, line) => {
    const sample = join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml');
    const host = createTestHost();
    const config = await loadConfig(host, sample);
    host.dispose();
    const environment = config.environments.get('prod-cash');
    const refused = refusal({ config, environment, purpose, reason: undefined });
    expect(refused?.hint).toBe(`forge breakglass ${line}`);
  });
});

it('a plan may what the grant may that it names, or whose session it is in; nothing else does', async () => {
  const asked = await question('prod-cash', { reasonNeeded: true });
  const planned = (environment: string | undefined) => ({
    ...asked,
    config: { ...asked.config, plannedGrant: { id: 'bg-7f3k', environment } },
  });
  expect(refusal(planned('prod-cash'))).toBeUndefined();
  expect(refusal(planned(undefined))).toBeUndefined();
  expect(refusal(planned('prod-wealth'))?.code).toBe('BREAK_GLASS_NEEDED');
  expect(refusal({ ...planned('prod-cash'), granted: false })?.code).toBe('BREAK_GLASS_NEEDED');
});
