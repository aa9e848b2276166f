import type { Config, Database, Environment } from '../config/config.ts';
import type { CurrentEnvironment } from './resolve-environment.ts';
import { resolveInEnvironment, type TargetKind, targetName } from './resolve-in-environment.ts';

export interface DatabaseTarget {
  /** The shortest name that means this database from everywhere: `dev`, `dev/shop-readonly`. */
  readonly name: string;
  readonly environment: Environment;
  readonly database: Database;
}

const databases: TargetKind<Database> = {
  noun: 'database',
  of: (environment) => environment.databases,
  defaultOf: (environment) => environment.defaultDatabase,
};

/** A database by `<environment>`, `<environment>/<name>` or a name in the current environment; see resolveInEnvironment. */
export function resolveDatabase(
  config: Config,
  name: string | undefined,
  current: CurrentEnvironment,
): DatabaseTarget {
  const { value, ...target } = resolveInEnvironment(config, databases, name, current);
  return { ...target, database: value };
}

/** The shortest name that means a database from everywhere. */
export function databaseTargetName(environment: Environment, database: Database): string {
  return targetName(databases, environment, database.name);
}
