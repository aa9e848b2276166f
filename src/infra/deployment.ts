import type { PolicyDocument } from '../iam/policy.ts';
import type { JsonObject } from '../lib/json-object.ts';
import type { Placeholder } from './placeholders.ts';

/** What a plan or a state says about who may do what: all that is judged, and nothing of Terraform. */
export interface Deployment {
  readonly kind: 'plan' | 'state';
  readonly permissionSets: readonly DeployedSet[];
  /** Display name → id; the id of a group that is not made yet is a stand-in. */
  readonly groups: ReadonlyMap<string, string>;
  readonly assignments: readonly DeployedAssignment[];
  /** Group names that Terraform puts people into. */
  readonly membershipsOf: readonly string[];
  readonly roles: readonly DeployedRole[];
  readonly users: readonly DeployedUser[];
  /** Customer managed policies by account and name. */
  readonly managedPolicies: readonly {
    readonly account: string;
    readonly name: string;
    readonly document: PolicyDocument;
  }[];
  readonly buckets: readonly DeployedBucket[];
  /** Addresses of buckets, and of what guards them, that the plan takes away. */
  readonly bucketsTakenAway: readonly string[];
  readonly functions: readonly DeployedFunction[];
  readonly rules: readonly DeployedRule[];
  readonly stateMachines: readonly { readonly name: string; readonly definition: JsonObject | undefined }[];
  readonly schedules: readonly {
    readonly name: string;
    readonly expression: string;
    readonly enabled: boolean;
  }[];
  /** Who may call a function, by the function's own policy. */
  readonly invokers: readonly DeployedInvoker[];
  readonly alarms: readonly DeployedAlarm[];
  /** Policies that stand on resources beside buckets: topics, queues, buses, secrets, keys, functions. */
  readonly resourcePolicies: readonly DeployedResourcePolicy[];
  /** Production account → resource ids of the databases that people get into, as the output `reached` says; `*` is all of them. */
  readonly databases: ReadonlyMap<string, readonly string[]>;
  /** Whom clusters let in. */
  readonly clusterEntries: readonly DeployedClusterEntry[];
  /** What sessions of Session Manager are started with, of each account. */
  readonly sessionDocuments: readonly DeployedDocument[];
  /** JSON of what the functions know of forge.yaml. */
  readonly handlersPolicy: string | undefined;
  /** What `review` had to say for the plan: group ids are not known before the groups are. */
  readonly fromReview: ReadonlySet<string>;
  /** What stands in for what the organisation has. */
  readonly placeholders: readonly Placeholder[];
  /** What neither knows, in words. */
  readonly notKnown: readonly string[];
}

/** Documents that are known, and whether there are others. */
export interface KnownPolicies {
  readonly policies: readonly PolicyDocument[];
  /** What of it forge can't know: a plan's unknown values, AWS's managed policies that it has no copy of. */
  readonly unknown: readonly string[];
}

export interface DeployedSet extends KnownPolicies {
  readonly name: string;
  readonly sessionMinutes: number;
  /** Name of the customer managed policy that bounds it, without its path. */
  readonly boundary: string | undefined;
}

export interface DeployedAssignment {
  readonly group: string;
  readonly permissionSet: string;
  readonly account: string;
}

export interface DeployedRole extends KnownPolicies {
  readonly account: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly trust: PolicyDocument | undefined;
  /** Name of the customer managed policy that bounds it. */
  readonly boundary: string | undefined;
  readonly maxSessionMinutes: number;
}

export interface DeployedUser extends KnownPolicies {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  /** Access keys that Terraform makes: their secrets are in its state. */
  readonly keys: number;
}

export interface DeployedBucket {
  readonly account: string;
  readonly name: string;
  readonly policy: PolicyDocument | undefined;
  readonly versioned: boolean;
  readonly lock: { readonly mode: string; readonly days: number } | undefined;
  /** All four settings of the public access block. */
  readonly closed: boolean;
  readonly forceDestroy: boolean;
  /** Days after which objects or their versions go; undefined: never. */
  readonly expiresAfterDays: number | undefined;
}

export interface DeployedFunction {
  readonly name: string;
  readonly handler: string;
  readonly role: string | undefined;
  /** Base64 of the archive's SHA-256. */
  readonly codeHash: string | undefined;
  /** Undefined in a first plan: the policy's key is not known before its groups are. */
  readonly environment: Readonly<Record<string, string>> | undefined;
}

export interface DeployedRule {
  readonly account: string;
  readonly name: string;
  readonly pattern: JsonObject | undefined;
  readonly enabled: boolean;
  readonly region: string | undefined;
  /** What it is brought to: ARNs, as far as they are known. */
  readonly targets: number;
}

export interface DeployedInvoker {
  readonly address: string;
  /** Undefined: the plan does not say which of the functions. */
  readonly functionName: string | undefined;
  readonly action: string;
  /** A service or an account. */
  readonly principal: string;
  /** ARN of what calls by the service; undefined: anything of anybody. */
  readonly source: string | undefined;
}

export interface DeployedAlarm {
  readonly name: string;
  /** `AWS/Lambda Errors` */
  readonly metric: string;
  /** Values of its dimensions: a function's name, a queue's. */
  readonly of: readonly string[];
  /** That nothing is measured is an alarm. */
  readonly missingIsBad: boolean;
  /** Somebody is told. */
  readonly tells: boolean;
}

export interface DeployedResourcePolicy {
  readonly account: string;
  /** `aws_sns_topic_policy alarms` */
  readonly what: string;
  readonly document: PolicyDocument;
}

export interface DeployedDocument {
  readonly account: string;
  readonly name: string;
  /** Undefined where a plan does not know it. */
  readonly content: JsonObject | undefined;
}

export interface DeployedClusterEntry {
  readonly account: string;
  readonly cluster: string;
  /** ARN of a role or a user; undefined where a plan does not know it. */
  readonly principal: string | undefined;
}

export const deployedRoleArn = ({
  account,
  path,
  name,
}: Pick<DeployedRole, 'account' | 'path' | 'name'>): string => `arn:aws:iam::${account}:role${path}${name}`;
