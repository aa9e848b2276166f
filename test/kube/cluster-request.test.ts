import { describe, expect, it } from 'vitest';
import { buildConfig, emptyConfig } from '../../src/config/build-config.ts';
import { ForgeError } from '../../src/errors.ts';
import { type ClusterFlags, requestCluster } from '../../src/kube/cluster-request.ts';

const role = 'arn:aws:iam::111111111111:role/kube';
const config = buildConfig(
  {
    default_environment: 'dev',
    environments: {
      dev: {
        account: '111111111111',
        region: 'us-east-1',
        default_cluster: 'main',
        clusters: { main: { cluster: 'dev-eks', namespace: 'shop' }, batch: { cluster: 'dev-batch', role } },
      },
      prod: {
        account: '333333333333',
        region: 'eu-west-1',
        production: true,
        clusters: { main: { cluster: 'prod-eks' } },
      },
      bare: { account: '222222222222', region: 'us-east-1' },
    },
  },
  ['/forge.yaml'],
);
interface Said {
  readonly env?: string | undefined;
  readonly variables?: Readonly<Record<string, string>>;
}
const ask = (name?: string, flags: ClusterFlags = {}, { env, variables = {} }: Said = {}, from = config) =>
  requestCluster(from, name, flags, { env, variables });

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ForgeError) return `${error.kind} ${error.code}`;
    throw error;
  }
  return 'none';
}

describe('a cluster by its name in forge.yaml', () => {
  it.each([
    [undefined, undefined, 'dev-eks us-east-1 shop'],
    ['dev', undefined, 'dev-eks us-east-1 shop'],
    ['dev/batch', undefined, 'dev-batch us-east-1 undefined'],
    ['batch', undefined, 'dev-batch us-east-1 undefined'],
    ['prod', undefined, 'prod-eks eu-west-1 undefined'],
    [undefined, 'prod', 'prod-eks eu-west-1 undefined'],
  ])('%s with --env %s', (name, env, expected) => {
    const { cluster, region, namespace } = ask(name, {}, { env });
    expect(`${cluster} ${region} ${namespace}`).toBe(expected);
  });

  it('flags go before what the file says', () => {
    expect(ask('dev', { region: 'us-west-2', namespace: 'other' })).toMatchObject({
      region: 'us-west-2',
      namespace: 'other',
      words: ['dev'],
      production: false,
    });
  });

  it('its role is assumed after the environment’s chain', () => {
    expect(ask('dev').roles).toEqual([]);
    expect(ask('dev/batch').roles.map(({ roleArn }) => roleArn)).toEqual([role]);
  });

  it('what is not there is said', () => {
    expect(failure(() => ask('nowhere'))).toMatch(/^usage UNKNOWN/);
    expect(failure(() => ask('dev/none'))).toMatch(/^usage UNKNOWN/);
    expect(failure(() => ask('bare'))).toMatch(/^usage /);
  });
});

describe('by its name in EKS', () => {
  it('alone, with a region from flag or variables, and without any configuration', () => {
    const found = ask(undefined, { cluster: 'any', region: 'us-east-1' }, {}, emptyConfig);
    expect(found).toMatchObject({
      name: 'any',
      environment: undefined,
      production: false,
      region: 'us-east-1',
    });
    expect(found.words).toEqual(['--cluster', 'any', '--region', 'us-east-1']);
    const variables = { AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-1' };
    expect(ask(undefined, { cluster: 'any' }, { variables }, emptyConfig).region).toBe('eu-west-1');
    expect(failure(() => ask(undefined, { cluster: 'any' }, {}, emptyConfig))).toBe('usage MISSING_FLAG');
  });

  it('is production where forge.yaml has it there, whoever names it how', () => {
    expect(ask(undefined, { cluster: 'prod-eks', region: 'eu-west-1' }).production).toBe(true);
    expect(ask('prod', { cluster: 'another' })).toMatchObject({ production: true, name: 'prod/another' });
    expect(ask(undefined, { cluster: 'prod-eks', region: 'us-east-1' }).production).toBe(false);
  });

  it('of an environment: what the file says of it counts', () => {
    expect(ask('dev', { cluster: 'dev-batch' })).toMatchObject({ name: 'dev/batch', cluster: 'dev-batch' });
    expect(ask('dev', { cluster: 'dev-batch' }).roles).toHaveLength(1);
    expect(ask('dev', { cluster: 'unlisted' }).words).toEqual(['--env', 'dev', '--cluster', 'unlisted']);
    expect(failure(() => ask('nowhere', { cluster: 'x' }))).toMatch(/^usage UNKNOWN/);
  });

  it.each(['', 'a b', '-x', 'arn:aws:eks:us-east-1:1:cluster/x', 'x/y', 'x'.repeat(101), 'é', '--region'])(
    '%j is no name of one',
    (cluster) => {
      expect(failure(() => ask(undefined, { cluster, region: 'us-east-1' }))).toBe('usage INVALID_CLUSTER');
    },
  );
});

describe('what ends up in host names and kubeconfigs', () => {
  it.each(['evil.example/#', 'us-east-1.evil.example', 'us east 1', 'US-EAST-1', '-x', 'x'.repeat(64)])(
    '%j is no region',
    (region) => {
      expect(failure(() => ask('dev', { region }))).toBe('usage INVALID_REGION');
      expect(failure(() => ask('dev', { cluster: 'any', region }))).toBe('usage INVALID_REGION');
      const variables = { AWS_REGION: region };
      expect(failure(() => ask(undefined, { cluster: 'any' }, { variables }, emptyConfig))).toBe(
        'usage INVALID_REGION',
      );
    },
  );

  it.each(['', 'no; rm', 'UPPER', 'a.b', '-a', 'a-', 'x'.repeat(64), 'a\nb'])(
    '%j is no namespace',
    (namespace) => {
      expect(failure(() => ask('dev', { namespace }))).toBe('usage INVALID_NAMESPACE');
      expect(failure(() => ask('dev', { cluster: 'any', namespace }))).toBe('usage INVALID_NAMESPACE');
    },
  );
});
