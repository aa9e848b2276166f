import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config/build-config.ts';
import { ForgeError } from '../../src/errors.ts';
import {
  type InstanceSaid,
  parseInstanceWord,
  parseTag,
  resolveInstance,
} from '../../src/targets/resolve-instance.ts';

const environment = (extra: object = {}) => ({ account: '111111111111', region: 'us-east-1', ...extra });
const role = 'arn:aws:iam::111111111111:role/ops';
const config = buildConfig(
  {
    default_environment: 'dev',
    environments: {
      dev: environment({
        instances: {
          bastion: { id: 'i-0123456789abcdef0' },
          web: { tags: { Role: 'web', Tier: 'front' }, document: 'Own-Shell' },
        },
      }),
      qa: environment({ region: 'eu-west-1', instances: { jump: { tags: { Name: 'jump' } } } }),
      cash: environment({ production: true }),
    },
  },
  ['/forge.yaml'],
);
const none = buildConfig({}, []);
const nothing: InstanceSaid = { env: undefined, region: undefined, variables: {} };

function found(word: string | undefined, said: Partial<InstanceSaid> = {}, from = config) {
  const target = resolveInstance(from, word, { ...nothing, ...said });
  const { locator } = target;
  const what =
    locator.kind === 'id'
      ? locator.instanceId
      : locator.kind === 'tags'
        ? [...locator.tags].map((pair) => pair.join('=')).join(',')
        : locator.kind === 'address'
          ? `ip ${locator.address}`
          : locator.kind === 'name'
            ? `name ${locator.name}`
            : 'any';
  return `${target.name} ${target.environment?.name ?? '-'} ${target.region}: ${what}`;
}

function failure(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof ForgeError) return { kind: error.kind, code: error.code };
    throw error;
  }
  throw new Error('it did not fail');
}

describe('an instance by words', () => {
  it.each([
    ['bastion', 'dev/bastion dev us-east-1: i-0123456789abcdef0'],
    ['dev/bastion', 'dev/bastion dev us-east-1: i-0123456789abcdef0'],
    ['web', 'dev/web dev us-east-1: Role=web,Tier=front'],
    ['i-0aaaaaaaaaaaaaaaa', 'dev/i-0aaaaaaaaaaaaaaaa dev us-east-1: i-0aaaaaaaaaaaaaaaa'],
    ['qa/mi-0aaaaaaaaaaaaaaaa', 'qa/mi-0aaaaaaaaaaaaaaaa qa eu-west-1: mi-0aaaaaaaaaaaaaaaa'],
    ['web-1', 'dev/web-1 dev us-east-1: name web-1'],
    ['team/web-1', 'dev/team/web-1 dev us-east-1: name team/web-1'],
    ['10.1.2.3', 'dev/10.1.2.3 dev us-east-1: ip 10.1.2.3'],
    ['fd00::1', 'dev/fd00::1 dev us-east-1: ip fd00::1'],
    ['ip-10-1-2-3.ec2.internal', 'dev/ip-10-1-2-3.ec2.internal dev us-east-1: name ip-10-1-2-3.ec2.internal'],
    ['tag:path=a/b=c', 'dev/tag:path=a/b=c dev us-east-1: path=a/b=c'],
    ['qa/asg:web', 'qa/asg:web qa eu-west-1: aws:autoscaling:groupName=web'],
    ['qa', 'qa/jump qa eu-west-1: Name=jump'],
    ['dev', 'dev dev us-east-1: any'],
    [undefined, 'dev dev us-east-1: any'],
  ])('%s', (word, expected) => {
    expect(found(word)).toBe(expected);
  });

  it('takes an ECS target as it is', () => {
    const id = `ecs:shop_${'a'.repeat(32)}_${'b'.repeat(32)}-1234567890`;
    expect(found(id)).toBe(`dev/${id} dev us-east-1: ${id}`);
  });

  it('needs no file: the keys and the region of the person', () => {
    const id = 'i-0123456789abcdef0';
    expect(found(id, { region: 'us-west-2' }, none)).toBe(`${id} - us-west-2: ${id}`);
    expect(found('web-1', { variables: { AWS_REGION: 'us-west-2' } }, none)).toBe(
      'web-1 - us-west-2: name web-1',
    );
    expect(failure(() => found(id, {}, none))).toEqual({ kind: 'usage', code: 'NO_REGION' });
  });

  it('takes role and document of forge.yaml', () => {
    const withRole = buildConfig(
      { environments: { dev: environment({ instances: { a: { id: 'i-0123456789abcdef0', role } } }) } },
      ['/forge.yaml'],
    );
    expect(resolveInstance(withRole, 'dev/a', nothing).roles.map(({ roleArn }) => roleArn)).toEqual([role]);
    expect(resolveInstance(config, 'web', nothing).document).toBe('Own-Shell');
  });

  it.each([
    ['', {}, 'INVALID_INSTANCE'],
    ['dev/', {}, 'INVALID_INSTANCE'],
    ['tag:', {}, 'INVALID_INSTANCE'],
    ['tag:=x', {}, 'INVALID_INSTANCE'],
    ['asg:', {}, 'INVALID_INSTANCE'],
    ['ecs:shop', {}, 'INVALID_INSTANCE'],
    ['ecs:shop/web', {}, 'INVALID_INSTANCE'],
    ['ecs:shop/web/app', {}, 'INVALID_INSTANCE'],
    ['a\u0007b', {}, 'INVALID_INSTANCE'],
    ['qa/jump', { env: 'dev' }, 'ENVIRONMENT_CONFLICT'],
    ['qa', { env: 'dev' }, 'ENVIRONMENT_CONFLICT'],
    ['web-1', { env: 'nope' }, 'UNKNOWN_ENVIRONMENT'],
  ] as const)('refuses %j %j: %s', (word, said, code) => {
    expect(failure(() => found(word, said))).toEqual({ kind: 'usage', code });
  });

  it('guesses no environment among several; --profile says whose keys are meant', () => {
    const { defaultEnvironment: _, ...rest } = config;
    const undecided = { ...rest, defaultEnvironment: undefined };
    const id = 'i-0123456789abcdef0';
    expect(failure(() => found(id, {}, undecided))).toEqual({ kind: 'usage', code: 'NO_ENVIRONMENT' });
    expect(found(id, { profile: 'own', region: 'us-west-2' }, undecided)).toBe(`${id} - us-west-2: ${id}`);
  });

  it('reads any word without failing, and a tag back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (word) => void parseInstanceWord(word)),
    );
    const key = fc.stringMatching(/^[A-Za-z0-9:_.-]{1,40}$/);
    fc.assert(
      fc.property(key, fc.string({ maxLength: 100 }), (name, value) => {
        expect(parseTag(`${name}=${value}`)).toEqual([name, value]);
      }),
    );
  });
});
