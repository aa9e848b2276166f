import { describe, expect, it } from 'vitest';
import { emptyConfig } from '../../src/config/build-config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type DatabaseFlags, requestDatabase } from '../../src/db/database-request.ts';
import { listDatabases } from '../../src/db/list-databases.ts';
import { planConnect, planToken } from '../../src/db/plan-connect.ts';
import { readRdsName } from '../../src/db/rds-name.ts';
import { sessionSettings, setStatements, startupOptions } from '../../src/db/session-settings.ts';
import { createTestHost } from '../support/test-host.ts';

const host = createTestHost();
const config = await loadConfig(host, new URL('../../samples/forge.yaml', import.meta.url).pathname);
host.dispose();
const endpoint = 'shop.cluster-c9abc.eu-west-1.rds.amazonaws.com';

function request(name: string | undefined, flags: DatabaseFlags = {}, variables = {}, env?: string) {
  return requestDatabase(config, name, flags, { env, variables });
}

describe('a database of forge.yaml', () => {
  it('in production is read-only, with limits, on its reader', () => {
    const found = request('prod-wealth');
    expect(found).toMatchObject({
      name: 'prod-wealth',
      production: true,
      readOnly: true,
      write: false,
      endpoint: 'reader',
      limits: { statement: 30_000, lock: 2_000, idleInTransaction: 60_000 },
    });
    expect(startupOptions(sessionSettings(found))).toBe(
      '-c default_transaction_read_only=on -c statement_timeout=30000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000',
    );
    expect(setStatements(sessionSettings(found))).toContain("set default_transaction_read_only = 'on';");
  });

  it('of a change is its own user, where there is one, and else the one that writes', () => {
    const environment = config.environments.get('prod-wealth');
    const [name, database] = [...(environment?.databases ?? [])][0] ?? [];
    if (environment === undefined || name === undefined || database === undefined) return expect.fail();
    const change = { user: 'forge_change', role: database.role };
    const databases = new Map([[name, { ...database, change }]]);
    const changed = {
      ...config,
      environments: new Map([['prod-wealth', { ...environment, databases, defaultDatabase: name }]]),
    };
    const said = { env: undefined, variables: {} };
    const userOf = (of: typeof config, flags: DatabaseFlags) =>
      requestDatabase(of, 'prod-wealth', flags, said).user;
    expect(userOf(changed, { write: true, change: true })).toBe('forge_change');
    expect(userOf(changed, { write: true })).toBe('forge_rw');
    expect(userOf(config, { write: true, change: true })).toBe('forge_rw');
  });

  it('with --write is the writer and its user', () => {
    const read = request('prod-wealth');
    const write = request('prod-wealth', { write: true });
    expect(write).toMatchObject({ write: true, readOnly: false, endpoint: 'writer' });
    expect(write.user).not.toBe(read.user);
    expect(write.limits.statement).toBe(300_000);
    expect(startupOptions(sessionSettings(write))).not.toContain('read_only');
  });

  it('elsewhere has no limits, and flags change single facts', () => {
    expect(request('dev')).toMatchObject({ readOnly: false, limits: { statement: undefined } });
    const changed = request('dev', {
      user: 'other',
      database: 'x',
      port: 6432,
      address: '127.0.0.1',
      ca: '/x.pem',
      role: 'arn:aws:iam::111111111111:role/other',
      statementTimeout: 0,
    });
    expect(changed).toMatchObject({
      user: 'other',
      database: 'x',
      port: 6432,
      address: '127.0.0.1',
      ca: '/x.pem',
      roles: [{ roleArn: 'arn:aws:iam::111111111111:role/other' }],
      limits: { statement: 0 },
    });
  });
});

describe('a database by flags alone', () => {
  it('takes the region from the name, and a default for the rest', () => {
    expect(
      requestDatabase(
        emptyConfig,
        undefined,
        { host: endpoint, user: 'app' },
        { env: undefined, variables: {} },
      ),
    ).toMatchObject({
      name: endpoint,
      words: `--host ${endpoint} --user app`,
      environment: undefined,
      region: 'eu-west-1',
      database: 'postgres',
      endpoint: 'writer',
      readOnly: false,
      roles: [],
    });
  });

  it('takes what is missing from the variables that AWS and PostgreSQL have for it', () => {
    const variables = { PGUSER: 'app', PGDATABASE: 'shop', AWS_DEFAULT_REGION: 'us-east-2' };
    expect(request(undefined, { host: 'db.corp.example' }, variables)).toMatchObject({
      user: 'app',
      database: 'shop',
      region: 'us-east-2',
    });
  });

  it('stays production when a host of production is named by it', () => {
    const wealth = request('prod-wealth');
    const identifier = wealth.locator.kind === 'cluster' ? wealth.locator.identifier : '';
    const named = `${identifier}.cluster-ro-c9abc.${wealth.region}.rds.amazonaws.com`;
    expect(request(undefined, { host: named, user: 'x' })).toMatchObject({
      production: true,
      readOnly: true,
      endpoint: 'reader',
    });
  });

  it.each<[string, DatabaseFlags, Record<string, string>, string]>([
    ['no user', { host: endpoint }, {}, 'MISSING_FLAG'],
    ['no region', { host: 'db.corp.example', user: 'x' }, {}, 'MISSING_FLAG'],
    ['another region', { host: endpoint, user: 'x', region: 'us-east-1' }, {}, 'WRONG_REGION'],
    [
      'an address in place of a name',
      { host: '10.0.0.1', user: 'x', region: 'us-east-1' },
      {},
      'NOT_AN_ENDPOINT',
    ],
    ['localhost', { host: 'localhost', user: 'x', region: 'us-east-1' }, {}, 'NOT_AN_ENDPOINT'],
    ['a host with a port', { host: `${endpoint}:5432`, user: 'x' }, {}, 'NOT_AN_ENDPOINT'],
    ['a role that is none', { host: endpoint, user: 'x', role: 'admin' }, {}, 'INVALID_ROLE'],
    [
      'writing to a reader',
      { host: endpoint.replace('cluster-', 'cluster-ro-'), user: 'x', write: true },
      {},
      'READ_ONLY_ENDPOINT',
    ],
  ])('is refused with %s', (_what, flags, variables, code) => {
    expect(() => request(undefined, flags, variables)).toThrow(
      expect.objectContaining({ kind: 'usage', code }),
    );
  });
});

it.each([
  [
    'shop.cluster-c9abc.us-east-1.rds.amazonaws.com',
    { region: 'us-east-1', identifier: 'shop', proxy: false },
  ],
  [
    'SHOP.c9abc.ap-southeast-2.rds.amazonaws.com',
    { region: 'ap-southeast-2', identifier: 'shop', proxy: false },
  ],
  ['shop.proxy-c9abc.eu-west-1.rds.amazonaws.com', { region: 'eu-west-1', identifier: 'shop', proxy: true }],
  [
    'shop.c9abc.us-gov-west-1.rds.amazonaws.com',
    { region: 'us-gov-west-1', identifier: 'shop', proxy: false },
  ],
  ['shop.c9abc.cn-north-1.rds.amazonaws.com.cn', { region: 'cn-north-1', identifier: 'shop', proxy: false }],
  ['shop.c9abc.us-east-1.rds.amazonaws.com.evil.example', undefined],
  ['db.corp.example', undefined],
])('%s is read as an endpoint name', (name, expected) => {
  expect(readRdsName(name)).toEqual(expected);
});

describe('plans', () => {
  const purpose = { purpose: 'db connect', reason: undefined, profile: undefined };

  it('name every AWS call with its action and resource, and the same by hand', () => {
    const plan = planConnect(config, request('dev'), purpose, 'run psql');
    const actions = plan.steps.flatMap((step) => (step.kind === 'aws' && step.action ? [step.action] : []));
    expect(actions).toEqual([
      'sts:AssumeRole, sts:SetSourceIdentity',
      'rds:DescribeDBClusters',
      'ssm:StartSession',
      'rds-db:connect',
    ]);
    const lines = plan.equivalents.join('\n');
    for (const part of [
      'aws sts assume-role',
      'aws rds describe-db-clusters',
      'generate-db-auth-token',
      'sslmode=verify-full',
    ]) {
      expect(lines).toContain(part);
    }
    expect(planToken(config, request('dev'), purpose).steps.at(-1)).toMatchObject({ kind: 'local' });
  });

  it('refuse what the command would refuse', () => {
    expect(() => planConnect(config, request('prod-cash'), purpose, '')).toThrow(
      expect.objectContaining({ code: 'BREAK_GLASS_NEEDED' }),
    );
  });
});

it('the list says how each opens, in one environment or in all', () => {
  const all = listDatabases(config, undefined);
  expect(all.filter(({ production }) => production).every(({ readOnly }) => readOnly)).toBe(true);
  expect(all.find(({ target }) => target === 'prod-wealth')).toMatchObject({
    role: 'reader',
    writeUser: expect.any(String),
  });
  const dev = listDatabases(config, config.environments.get('dev'));
  expect(dev.length).toBeGreaterThan(0);
  expect(dev.every(({ environment }) => environment === 'dev')).toBe(true);
  expect(listDatabases(emptyConfig, undefined)).toEqual([]);
});
