import type { PolicyDocument } from '../iam/policy.ts';
import type { Bucket } from './aws/s3/bucket.ts';
import type { AssociatedPolicy } from './kubernetes/api/kubernetes-user.ts';

/**
 * What exists in the stand-in's AWS: plain data, made by seed.ts, changed by the admin endpoints. Names and
 * shapes are AWS's.
 */
export interface Organisation {
  readonly startUrl: string;
  /** Region of Identity Center. */
  readonly region: string;
  readonly identityStoreId: string;
  /** The account that the identity store's API is called from. */
  readonly storeAccount: string;
  /** Suggested `[sso-session]` name. */
  readonly session: string;
  readonly accounts: Account[];
  readonly people: Person[];
  readonly groups: Group[];
  /** Who is in which group now. */
  readonly memberships: Membership[];
  readonly permissionSets: PermissionSet[];
  readonly assignments: Assignment[];
  /** `<user name> <permission set> <account>` taken from one person, however it came to them. */
  readonly revocations: Set<string>;
  readonly roles: Role[];
  readonly users: IamUser[];
  readonly managedPolicies: Map<string, PolicyDocument>;
  /** By ARN. */
  readonly customerPolicies: Map<string, CustomerPolicy>;
  readonly clusters: Cluster[];
  readonly eksClusters: EksCluster[];
  readonly instances: Instance[];
  readonly buckets: Bucket[];
}

export interface Account {
  readonly id: string;
  /** The environment's name: dev, qa, prod-wealth, … */
  readonly name: string;
  readonly email: string;
  readonly production: boolean;
}

export interface Person {
  /** Identity store user id. */
  readonly id: string;
  /** Also the e-mail address and the role session name. */
  readonly userName: string;
  /** What tests and `sandbox shell --as` say: dana. */
  readonly nickname: string;
  readonly displayName: string;
  readonly title: string;
}

/** A group of the identity store. */
export interface Group {
  readonly id: string;
  /** DisplayName: grp-forge-developers */
  readonly name: string;
  readonly description: string;
}

export interface Membership {
  readonly id: string;
  readonly groupId: string;
  /** A person's id. */
  readonly userId: string;
}

/** A managed policy of an account's own, with its versions. */
export interface CustomerPolicy {
  readonly arn: string;
  /** ANPA… */
  readonly id: string;
  readonly createdAt: number;
  updatedAt: number;
  /** Oldest first; at most five. */
  readonly versions: PolicyVersion[];
  defaultVersion: number;
  /** The number that the next version gets: numbers are not used again. */
  nextVersion: number;
}

export interface PolicyVersion {
  readonly number: number;
  /** As it was sent. */
  readonly text: string;
  readonly document: PolicyDocument;
  readonly createdAt: number;
}

export interface PermissionSet {
  /** At most 32 characters. */
  readonly name: string;
  readonly description: string;
  /** SessionDuration, 1 to 12 hours. */
  readonly sessionSeconds: number;
  readonly policies: readonly PolicyDocument[];
  /** In production its roles have the permissions boundary that ends what was issued. */
  readonly bounded?: true;
}

/** A permission set in an account for a person or a group. */
export interface Assignment {
  readonly principalType: 'USER' | 'GROUP';
  /** A person's user name or a group's name. */
  readonly principal: string;
  readonly permissionSet: string;
  readonly account: string;
}

export interface Role {
  readonly account: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  /** AROA… */
  readonly id: string;
  readonly trust: PolicyDocument;
  readonly policies: readonly PolicyDocument[];
  /** MaxSessionDuration. */
  readonly maxSessionSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
  /** ARN of the managed policy that is the permissions boundary. */
  readonly boundary?: string;
}

export interface IamUser {
  readonly account: string;
  readonly name: string;
  /** Begins and ends with a slash; default: `/`. */
  readonly path?: string;
  /** AIDA… */
  readonly id: string;
  readonly policies: readonly PolicyDocument[];
  readonly tags: Readonly<Record<string, string>>;
  readonly mfa: VirtualMfa | undefined;
}

export interface VirtualMfa {
  readonly serialNumber: string;
  /** Base32, as AWS shows it. */
  readonly secret: string;
}

/** An Aurora PostgreSQL cluster. All its endpoints share a port, as in RDS: the front's, set once it listens. */
export interface Cluster {
  readonly identifier: string;
  readonly account: string;
  readonly region: string;
  /** Writer endpoint: the name in tokens and in the certificate. */
  readonly endpoint: string;
  readonly readerEndpoint: string;
  readonly customEndpoints: readonly string[];
  port: number;
  /** cluster-…: what an rds-db ARN names. */
  readonly resourceId: string;
  readonly databaseName: string;
  readonly engineVersion: string;
  readonly iamEnabled: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly instances: readonly ClusterInstance[];
  readonly databaseUsers: readonly DatabaseUser[];
}

export interface ClusterInstance {
  readonly identifier: string;
  readonly endpoint: string;
  /** db-… */
  readonly resourceId: string;
  readonly writer: boolean;
}

export interface DatabaseUser {
  readonly name: string;
  readonly access: 'read-only' | 'read-write';
  /** Granted rds_iam: only then does RDS accept a token. */
  readonly rdsIam: boolean;
}

/** A Kubernetes cluster of EKS. */
export interface EksCluster {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Kubernetes' minor version: 1.33 */
  readonly version: string;
  /** `<32 hex>.gr7.us-east-1.eks.amazonaws.com`: the name in the certificate of its API. */
  readonly endpointHost: string;
  /** Where its API listens on 127.0.0.1; undefined until it does. */
  port: number | undefined;
  /** PEM of the authority that its API's certificate is of; every cluster has its own. As `port`. */
  authority: string | undefined;
  /** Reachable from outside its network. All are from inside. */
  readonly publicAccess: boolean;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly accessEntries: AccessEntry[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Who may call a cluster's API, and as whom. */
export interface AccessEntry {
  /** A role with its path, or a user. */
  readonly principalArn: string;
  /** Undefined: the one that EKS makes of the principal. */
  readonly username: string | undefined;
  /** Kubernetes groups. */
  readonly groups: readonly string[];
  readonly policies: readonly AssociatedPolicy[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** What Session Manager opens sessions to: an EC2 instance, a hybrid node, a container of an ECS task. */
export interface Instance {
  /** i-<17 hex>, mi-<17 hex>, ecs:<cluster>_<task>_<runtime> */
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly privateIp: string;
  /** ip-10-1-0-4.ec2.internal */
  readonly privateDns: string;
  /** t4g.small */
  readonly type: string;
  /** us-east-1a */
  readonly zone: string;
  /** Epoch milliseconds. */
  readonly launchedAt: number;
  /** Four numbers: clients choose the protocol of port sessions by it. */
  readonly agentVersion: string;
  /** The agent is in touch: PingStatus Online, not ConnectionLost. */
  readonly online: boolean;
  /** Default: Linux. */
  readonly platform?: 'Windows';
  /** Name, Environment, Role and what else. */
  readonly tags: Readonly<Record<string, string>>;
}

export function instanceArn({ id, account, region }: Pick<Instance, 'id' | 'account' | 'region'>): string {
  if (id.startsWith('mi-')) return `arn:aws:ssm:${region}:${account}:managed-instance/${id}`;
  const task = /^ecs:(.+)_([0-9a-f]{32})_[^_]+$/.exec(id);
  if (task !== null) return `arn:aws:ecs:${region}:${account}:task/${task[1]}/${task[2]}`;
  return `arn:aws:ec2:${region}:${account}:instance/${id}`;
}

export const eksClusterArn = (cluster: Pick<EksCluster, 'name' | 'account' | 'region'>): string =>
  `arn:aws:eks:${cluster.region}:${cluster.account}:cluster/${cluster.name}`;

export const roleArn = (role: Pick<Role, 'account' | 'path' | 'name'>): string =>
  `arn:aws:iam::${role.account}:role${role.path}${role.name}`;

export const userArn = (user: Pick<IamUser, 'account' | 'path' | 'name'>): string =>
  `arn:aws:iam::${user.account}:user${user.path ?? '/'}${user.name}`;

/** Every permission set that a person holds in an account, by name, in order. */
export function permissionSetsOf(
  organisation: Organisation,
  person: Person,
  account: string,
): readonly string[] {
  const names = assignmentsOf(organisation, person)
    .filter((assignment) => assignment.account === account)
    .map((assignment) => assignment.permissionSet);
  return [...new Set(names)].sort();
}

/** The groups that a person is in now, in the order of their memberships. */
export function groupsOf({ groups, memberships }: Organisation, person: Person): readonly Group[] {
  return memberships.flatMap(({ groupId, userId }) =>
    userId === person.id ? groups.filter((group) => group.id === groupId) : [],
  );
}

/** Accounts in which a person has any permission set. */
export function accountsOf(organisation: Organisation, person: Person): readonly Account[] {
  const ids = new Set(assignmentsOf(organisation, person).map((assignment) => assignment.account));
  return organisation.accounts.filter((account) => ids.has(account.id));
}

function assignmentsOf(organisation: Organisation, person: Person): readonly Assignment[] {
  const groups = new Set(groupsOf(organisation, person).map(({ name }) => name));
  return organisation.assignments.filter(
    ({ principalType, principal, permissionSet, account }) =>
      (principalType === 'USER' ? principal === person.userName : groups.has(principal)) &&
      !organisation.revocations.has(`${person.userName} ${permissionSet} ${account}`),
  );
}
