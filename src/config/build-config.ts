import { partitionOf } from '../lib/partition.ts';
import { buildBreakGlass } from './build-break-glass.ts';
import type {
  Cluster,
  Config,
  Database,
  Environment,
  ForwardGroup,
  Group,
  Instance,
  RoleStep,
} from './config.ts';
import type { ConfigFile } from './config-schema.ts';
import { parseDuration } from './duration.ts';
import { parseForward } from './forward-spec.ts';
import { mapValues } from './map-values.ts';
import type {
  ClusterFile,
  DatabaseFile,
  EnvironmentFile,
  ForwardGroupFile,
  InstanceFile,
  RoleFile,
} from './target-schema.ts';

/** What a validated file means: defaults applied, role names made ARNs. Pure. */
export function buildConfig(data: ConfigFile, files: readonly string[]): Config {
  const groups = mapValues(
    data.groups,
    (group, name): Group => ({
      name,
      access: group.access,
      members: group.members,
      environments: new Map(Object.entries(group.environments ?? {})),
      network: group.network ?? [],
    }),
  );
  return {
    files,
    signIn: data.sign_in && {
      startUrl: data.sign_in.start_url,
      region: data.sign_in.region,
      session: data.sign_in.session ?? 'forge',
      scopes: data.sign_in.scopes ?? ['sso:account:access'],
    },
    defaultEnvironment: data.default_environment,
    credentialStore: data.credential_store ?? 'auto',
    maskedColumns: data.audit?.mask ?? [],
    environments: mapValues(data.environments, (environment, name) =>
      buildEnvironment(environment, name, groups),
    ),
    groups,
    breakGlass: data.break_glass && buildBreakGlass(data.break_glass),
  };
}

/** Without a file: nothing is known, and flags and the standard AWS variables say the rest. */
export const emptyConfig: Config = buildConfig({}, []);

function buildEnvironment(
  file: EnvironmentFile,
  name: string,
  groups: ReadonlyMap<string, Group>,
): Environment {
  const permissionSet = file.permission_set;
  const holders = [...groups.values()].filter((group) => group.environments.has(name));
  const held = holders.map((group) => group.environments.get(name) ?? '');
  const standard = holders.filter((group) => group.environments.get(name) === permissionSet);
  const place = { account: file.account, region: file.region };
  return {
    name,
    ...place,
    production: file.production ?? false,
    description: file.description,
    permissionSet,
    permissionSets: [...new Set(permissionSet === undefined ? held : [permissionSet, ...held])],
    groups: file.groups ?? (permissionSet === undefined ? [] : standard.map((group) => group.name)),
    networkGroups: [...groups.values()]
      .filter((group) => group.network.includes(name))
      .map((group) => group.name),
    roleChain: (file.role_chain ?? []).map((step) => buildRole(step, place)),
    defaultDatabase: file.default_database,
    databases: mapValues(file.databases, (database, key) => buildDatabase(database, key, name, place)),
    instances: mapValues(file.instances, (instance, key) => buildInstance(instance, key, name, place)),
    forwards: mapValues(file.forwards, (group, key) => buildForwards(group, key, name)),
    maxSessionSeconds: file.max_session === undefined ? undefined : parseDuration(file.max_session),
    tunnelDocument: file.tunnel_document,
    defaultCluster: file.default_cluster,
    clusters: mapValues(file.clusters, (cluster, key) => buildCluster(cluster, key, name, place)),
  };
}

interface AccountPlace {
  readonly account: string;
  readonly region: string;
}

function buildDatabase(file: DatabaseFile, name: string, environment: string, place: AccountPlace): Database {
  return {
    name,
    environment,
    description: file.description,
    locator: locatorOf(file),
    endpoint: file.endpoint_type ?? 'writer',
    port: file.port,
    database: file.database,
    user: file.user,
    role: optionalRole(file, place),
    write: file.write && {
      user: file.write.user,
      role: optionalRole(file.write, place) ?? optionalRole(file, place),
    },
    change: file.change && {
      user: file.change.user,
      role:
        optionalRole(file.change, place) ??
        (file.write && optionalRole(file.write, place)) ??
        optionalRole(file, place),
    },
    address: file.address,
    ca: file.ca,
    maskedColumns: file.mask ?? [],
  };
}

function locatorOf({ cluster, instance, endpoint }: DatabaseFile): Database['locator'] {
  if (cluster !== undefined) return { kind: 'cluster', identifier: cluster };
  if (instance !== undefined) return { kind: 'instance', identifier: instance };
  return { kind: 'endpoint', host: endpoint ?? '' };
}

function buildInstance(file: InstanceFile, name: string, environment: string, place: AccountPlace): Instance {
  return {
    name,
    environment,
    description: file.description,
    locator:
      file.id === undefined
        ? { kind: 'tags', tags: new Map(Object.entries(file.tags ?? {})) }
        : { kind: 'id', instanceId: file.id },
    document: file.document,
    role: optionalRole(file, place),
  };
}

function buildForwards(file: ForwardGroupFile, name: string, environment: string): ForwardGroup {
  return {
    name,
    environment,
    description: file.description,
    instance: file.instance,
    forwards: (file.ports ?? []).map((text) => parseForward(String(text))),
    socks: file.socks,
    streams: file.streams ?? 1,
  };
}

function buildCluster(file: ClusterFile, name: string, environment: string, place: AccountPlace): Cluster {
  return {
    name,
    environment,
    description: file.description,
    cluster: file.cluster,
    known:
      file.endpoint === undefined || file.ca === undefined
        ? undefined
        : { endpoint: file.endpoint.replace(/\/$/, ''), ca: file.ca },
    namespace: file.namespace,
    role: optionalRole(file, place),
  };
}

interface RoleOptions {
  readonly role?: string | undefined;
  readonly external_id?: string | undefined;
  readonly mfa_serial?: string | undefined;
  readonly duration?: string | undefined;
}

function optionalRole(file: RoleOptions, place: AccountPlace): RoleStep | undefined {
  return file.role === undefined ? undefined : buildRole({ ...file, role: file.role }, place);
}

/** From Identity Center every AssumeRole is a chained one, for which AWS gives an hour at most. */
const standardRoleSeconds = 3600;

function buildRole(
  file: RoleFile | (RoleOptions & { readonly role: string }),
  place: AccountPlace,
): RoleStep {
  const { role, external_id, mfa_serial, duration }: RoleOptions & { readonly role: string } =
    typeof file === 'string' ? { role: file } : file;
  return {
    roleArn: role.startsWith('arn:')
      ? role
      : `arn:${partitionOf(place.region)}:iam::${place.account}:role/${role}`,
    externalId: external_id,
    mfaSerial: mfa_serial,
    durationSeconds: parseDuration(duration ?? '') ?? standardRoleSeconds,
  };
}
