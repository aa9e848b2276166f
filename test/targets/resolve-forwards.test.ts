import { describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config/build-config.ts';
import { ForgeError } from '../../src/errors.ts';
import { resolveForwards } from '../../src/targets/resolve-forwards.ts';
import type { InstanceSaid } from '../../src/targets/resolve-instance.ts';

const id = 'i-0123456789abcdef0';
const config = buildConfig(
  {
    default_environment: 'dev',
    environments: {
      dev: {
        account: '111111111111',
        region: 'us-east-1',
        instances: { bastion: { id } },
        forwards: {
          stores: { instance: 'bastion', ports: ['15432:db.internal:5432', 9100], streams: 2 },
          bastion: { instance: 'tag:role=bastion', socks: 1080 },
        },
      },
      qa: {
        account: '222222222222',
        region: 'eu-west-1',
        forwards: { other: { instance: 'web-1', ports: ['80'] } },
      },
    },
  },
  ['/forge.yaml'],
);
const said: InstanceSaid = { env: undefined, region: undefined, variables: {} };

function found(word: string | undefined, portsSaid: boolean, more: Partial<InstanceSaid> = {}): string {
  const { target, group } = resolveForwards(config, word, portsSaid, { ...said, ...more });
  return `${group?.name ?? '-'} ${target.name} ${target.locator.kind} ${target.region}`;
}

describe('what a word of forge ssm forward means', () => {
  it.each([
    ['dev/stores', false, 'stores dev/bastion id us-east-1'],
    ['stores', false, 'stores dev/bastion id us-east-1'],
    // Alone, a name is the group; with ports, the instance that is called so too.
    ['dev/bastion', false, 'bastion dev/tag:role=bastion tags us-east-1'],
    ['dev/bastion', true, '- dev/bastion id us-east-1'],
    ['bastion', true, '- dev/bastion id us-east-1'],
    ['qa/other', false, 'other qa/web-1 name eu-west-1'],
    ['qa/web-1', true, '- qa/web-1 name eu-west-1'],
    [id, true, `- dev/${id} id us-east-1`],
  ])('%s, ports said: %s', (word, portsSaid, expected) => {
    expect(found(word, portsSaid)).toBe(expected);
  });

  it('--env says which environment is meant', () => {
    expect(found('other', false, { env: 'qa' })).toBe('other qa/web-1 name eu-west-1');
  });

  it('what is in the group comes as it would from the command line', () => {
    const { group } = resolveForwards(config, 'stores', false, said);
    expect(group).toMatchObject({ streams: 2, socks: undefined });
    expect(group?.forwards).toEqual([
      { local: { kind: 'tcp', port: 15432 }, host: 'db.internal', port: 5432 },
      { local: { kind: 'tcp', port: 9100 }, host: undefined, port: 9100 },
    ]);
  });

  it.each([
    ['dev/stores', true, {}, 'GROUP_WITH_PORTS', 'dev/tag:Name=stores'],
    ['dev/nothing', false, {}, 'NO_FORWARDS', 'dev/stores, dev/bastion'],
    ['qa', false, {}, 'NO_FORWARDS', 'qa/other'],
    [undefined, false, {}, 'NO_FORWARDS', 'dev/stores'],
    ['qa/other', false, { env: 'dev' }, 'ENVIRONMENT_CONFLICT', 'Leave out --env'],
  ])('refuses %s, ports said: %s %j: %s', (word, portsSaid, more, code, hint) => {
    let failure: unknown;
    try {
      found(word, portsSaid, more);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(ForgeError);
    expect(failure).toMatchObject({ kind: 'usage', code, hint: expect.stringContaining(hint) });
  });
});
