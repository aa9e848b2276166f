import { describe, expect, it } from 'vitest';
import { buildConfig } from '../../src/config/build-config.ts';
import type { Config } from '../../src/config/config.ts';
import { ForgeError } from '../../src/errors.ts';
import { databaseTargetName, resolveDatabase } from '../../src/targets/resolve-database.ts';
import { resolveEnvironment } from '../../src/targets/resolve-environment.ts';

const database = { cluster: 'c', database: 'd', user: 'u' };
const environment = (extra: object = {}) => ({ account: '111111111111', region: 'us-east-1', ...extra });
const config = buildConfig(
  {
    default_environment: 'dev',
    environments: {
      dev: environment({
        default_database: 'shop',
        databases: { shop: database, reports: database, wealth: database },
      }),
      qa: environment({ databases: { shop: database, audit: database } }),
      wealth: environment({ production: true, databases: { wealth: database } }),
      cash: environment({ production: true, databases: { ledger: database } }),
      same: environment({ databases: { same: database } }),
      empty: environment(),
    },
  },
  ['/forge.yaml'],
);
const nothing = { flag: undefined, variable: undefined };

function found(
  name: string | undefined,
  current: { flag?: string; variable?: string } = {},
  from: Config = config,
) {
  const target = resolveDatabase(from, name, { ...nothing, ...current });
  return `${target.environment.name}/${target.database.name} as ${target.name}`;
}

function failure(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof ForgeError)
      return { kind: error.kind, code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('it did not fail');
}

describe('a database by name', () => {
  it.each([
    [undefined, {}, 'dev/shop as dev'],
    [undefined, { variable: 'wealth' }, 'wealth/wealth as wealth'],
    [undefined, { flag: 'cash', variable: 'wealth' }, 'cash/ledger as cash'],
    ['dev', {}, 'dev/shop as dev'],
    ['cash', {}, 'cash/ledger as cash'],
    ['cash', { variable: 'nonsense' }, 'cash/ledger as cash'],
    ['dev/reports', {}, 'dev/reports as dev/reports'],
    ['dev/shop', { flag: 'dev' }, 'dev/shop as dev'],
    ['qa/audit', { variable: 'nonsense' }, 'qa/audit as qa/audit'],
    ['reports', {}, 'dev/reports as dev/reports'],
    ['audit', { flag: 'qa' }, 'qa/audit as qa/audit'],
    ['same', { flag: 'same' }, 'same/same as same'],
    ['wealth', { variable: 'qa' }, 'wealth/wealth as wealth'],
  ])('%j with %j is %s', (name, current, expected) => {
    expect(found(name, current)).toBe(expected);
  });

  it.each([
    ['prod', {}, 'UNKNOWN_TARGET', 'There is no environment, and no database in dev, named "prod".'],
    ['dev/shpo', {}, 'UNKNOWN_TARGET', 'There is no database "shpo" in dev.'],
    ['dve/shop', {}, 'UNKNOWN_ENVIRONMENT', 'There is no environment "dve".'],
    ['qa', {}, 'NO_DEFAULT_TARGET', 'qa has 2 databases, and none is the default.'],
    ['empty', {}, 'UNKNOWN_TARGET', 'empty has no databases.'],
    ['dev/shop', { flag: 'qa' }, 'ENVIRONMENT_CONFLICT', 'The target is in dev, but --env says qa.'],
    ['cash', { flag: 'qa' }, 'ENVIRONMENT_CONFLICT', 'The target is in cash, but --env says qa.'],
    [undefined, { flag: 'q' }, 'UNKNOWN_ENVIRONMENT', '--env: there is no environment "q".'],
    [undefined, { variable: 'q' }, 'UNKNOWN_ENVIRONMENT', 'FORGE_ENV: there is no environment "q".'],
    ['reports', { flag: 'q' }, 'UNKNOWN_ENVIRONMENT', '--env: there is no environment "q".'],
    ['wealth', {}, 'AMBIGUOUS_TARGET', '"wealth" is an environment, and a database in dev.'],
  ])('%j with %j is refused: %s', (name, current, code, message) => {
    expect(failure(() => found(name, current))).toMatchObject({ kind: 'usage', code, message });
  });

  it('one that is elsewhere is never guessed, even where it is in one place only', () => {
    expect(failure(() => found('ledger'))).toMatchObject({
      message: 'There is no environment, and no database in dev, named "ledger".',
      hint: 'Say which environment: cash/ledger',
    });
    const { defaultEnvironment: _, ...rest } = config;
    const without = { ...rest, defaultEnvironment: undefined };
    expect(failure(() => found('ledger', {}, without))).toMatchObject({
      hint: 'Say which environment: cash/ledger',
    });
  });

  it('hints name the near one and what there is', () => {
    expect(failure(() => found('dev/shpo')).hint).toBe(
      'Did you mean: dev/shop\nDatabases there: dev/shop, dev/reports, dev/wealth',
    );
    expect(failure(() => found('reprots')).hint).toMatch(/^Did you mean: reports\n/);
    expect(failure(() => found('cahs')).hint).toMatch(/^Did you mean: cash\nEnvironments: dev, qa, /);
    expect(failure(() => found('qa')).hint).toBe('Say which: qa/shop, qa/audit');
    expect(failure(() => found('wealth')).hint).toBe('Say which: wealth/wealth, or dev/wealth');
  });

  it('without a file, the hint says how to get one', () => {
    const empty = buildConfig({}, []);
    expect(failure(() => found('dev', {}, empty)).hint).toContain('forge config init');
    expect(failure(() => found(undefined, {}, empty))).toMatchObject({
      code: 'NO_ENVIRONMENT',
      hint: 'There is none in the configuration: forge config init writes one.',
    });
  });

  it('of a thousand environments the hint names a few', () => {
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`account-${index}`, environment()]),
    );
    const { hint } = failure(() => found('zzz', {}, buildConfig({ environments: many }, ['/forge.yaml'])));
    expect(hint).toContain('and 980 more (forge config show)');
  });

  it('a name as shown means the same again, from everywhere', () => {
    for (const { databases, ...rest } of config.environments.values()) {
      for (const database of databases.values()) {
        const name = databaseTargetName({ databases, ...rest }, database);
        // A bare environment name can also be a database of the current environment: then it is refused, not guessed.
        if (name === 'wealth') continue;
        expect(found(name)).toBe(`${rest.name}/${database.name} as ${name}`);
      }
    }
  });
});

describe('an environment by name', () => {
  it('the only one is meant without a name, unless it is production', () => {
    const only = (production: boolean) =>
      buildConfig({ environments: { one: environment({ production }) } }, ['/forge.yaml']);
    expect(resolveEnvironment(only(false), undefined, nothing).name).toBe('one');
    expect(failure(() => resolveEnvironment(only(true), undefined, nothing)).code).toBe('NO_ENVIRONMENT');
  });

  it('--env before FORGE_ENV before default_environment', () => {
    const name = (flag?: string, variable?: string) =>
      resolveEnvironment(config, undefined, { flag, variable }).name;
    expect([name('qa', 'cash'), name(undefined, 'cash'), name(undefined, ''), name()]).toEqual([
      'qa',
      'cash',
      'dev',
      'dev',
    ]);
  });

  it('a default_environment that is none is named as the cause', () => {
    const wrong = { ...config, defaultEnvironment: 'dve' };
    expect(failure(() => resolveEnvironment(wrong, undefined, nothing))).toMatchObject({
      message: 'default_environment: there is no environment "dve".',
      hint: expect.stringMatching(/^Did you mean: dev\n/),
    });
  });
});
