import type { Config, Database, Environment } from '../config/config.ts';
import { databaseTargetName } from '../targets/resolve-database.ts';

export interface ListedDatabase {
  /** What to type. */
  readonly target: string;
  readonly environment: string;
  readonly name: string;
  readonly description: string | null;
  readonly production: boolean;
  readonly database: string;
  readonly user: string;
  /** Who --write becomes, where that is somebody else. */
  readonly writeUser: string | null;
  /** Of a cluster: which endpoint. */
  readonly role: 'writer' | 'reader';
  readonly readOnly: boolean;
  /** For people: `reader of cluster prod-cash`, or the host. */
  readonly endpoint: string;
}

/** The databases of one environment, or of all, in the order of forge.yaml. Pure. */
export function listDatabases(
  config: Config,
  environment: Environment | undefined,
): readonly ListedDatabase[] {
  const environments = environment === undefined ? [...config.environments.values()] : [environment];
  return environments.flatMap((owner) =>
    [...owner.databases.values()].map((database) => ({
      target: databaseTargetName(owner, database),
      environment: owner.name,
      name: database.name,
      description: database.description ?? null,
      production: owner.production,
      database: database.database,
      user: database.user,
      writeUser: database.write === undefined ? null : database.write.user,
      role: database.endpoint,
      readOnly: owner.production || database.endpoint === 'reader',
      endpoint: endpointText(database),
    })),
  );
}

function endpointText({ locator, endpoint, port }: Database): string {
  if (locator.kind === 'endpoint') return `${locator.host}:${port ?? 5432}`;
  return locator.kind === 'cluster'
    ? `${endpoint} of cluster ${locator.identifier}`
    : `instance ${locator.identifier}`;
}
