import type { BreakGlass } from './break-glass.ts';
import type { ForwardSpec } from './forward-spec.ts';

/**
 * forge.yaml, read: every default applied, every reference resolved, nothing optional that a reader would have
 * to think about. load-config.ts makes it; the rest of forge only reads it.
 */
export interface Config {
  /** The files it came from, the most specific first; empty when there is none. Absolute paths. */
  readonly files: readonly string[];
  readonly signIn: SignIn | undefined;
  readonly defaultEnvironment: string | undefined;
  readonly credentialStore: CredentialStore;
  /** Columns of any database whose values are not to be recorded: `email`, `customers.ssn`, `*iban*`. */
  readonly maskedColumns: readonly string[];
  readonly environments: ReadonlyMap<string, Environment>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly breakGlass: BreakGlass | undefined;
  /** Not of forge.yaml: what --plan takes production's keys from. Never there when something is really done. */
  readonly plannedGrant?: PlannedGrant | undefined;
}

/** Break-glass that a command would run in. */
export interface PlannedGrant {
  /** `BG-…` or `bg-7f3k`. */
  readonly id: string;
  /** Of the session that forge runs in; undefined: a grant was named, and whose it is only AWS could say. */
  readonly environment: string | undefined;
}

/** Where role credentials of environments that are not production may be kept. */
type CredentialStore = 'auto' | 'keychain' | 'file' | 'none';

/** IAM Identity Center: where people sign in. */
export interface SignIn {
  readonly startUrl: string;
  /** Region of Identity Center itself, which need not be a workload's. */
  readonly region: string;
  /** Name of the `[sso-session]`: decides the token cache file that the AWS CLI and the SDKs share with forge. */
  readonly session: string;
  readonly scopes: readonly string[];
}

/** An AWS account and region with a name. */
export interface Environment {
  readonly name: string;
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  readonly production: boolean;
  readonly description: string | undefined;
  /** Permission set that forge uses by default. None in production means: nobody has standing access. */
  readonly permissionSet: string | undefined;
  /** Every permission set that some group holds here, the default one first: what else a person may have. */
  readonly permissionSets: readonly string[];
  /** Groups that hold `permissionSet`: named when access is refused. */
  readonly groups: readonly string[];
  /** Groups that reach the environment's private network: named when a connection times out. */
  readonly networkGroups: readonly string[];
  /** Roles assumed one after the other on top of the permission set. */
  readonly roleChain: readonly RoleStep[];
  readonly defaultDatabase: string | undefined;
  readonly databases: ReadonlyMap<string, Database>;
  readonly instances: ReadonlyMap<string, Instance>;
  readonly forwards: ReadonlyMap<string, ForwardGroup>;
  /** The longest that a session on an instance may last; undefined: as long as AWS lets it. */
  readonly maxSessionSeconds: number | undefined;
  /** Session document that tunnels to databases and clusters begin with; undefined: AWS's own. */
  readonly tunnelDocument: string | undefined;
  readonly defaultCluster: string | undefined;
  readonly clusters: ReadonlyMap<string, Cluster>;
}

/** One AssumeRole. */
export interface RoleStep {
  readonly roleArn: string;
  readonly externalId: string | undefined;
  readonly mfaSerial: string | undefined;
  readonly durationSeconds: number;
}

export interface Database {
  readonly name: string;
  readonly environment: string;
  readonly description: string | undefined;
  readonly locator:
    | { readonly kind: 'cluster'; readonly identifier: string }
    | { readonly kind: 'instance'; readonly identifier: string }
    | { readonly kind: 'endpoint'; readonly host: string };
  /** Which endpoint of a cluster. `--write` always means the writer. */
  readonly endpoint: 'writer' | 'reader';
  /** Undefined: what RDS says, else 5432. */
  readonly port: number | undefined;
  readonly database: string;
  readonly user: string;
  /** Role assumed for this database on top of the environment's credentials. */
  readonly role: RoleStep | undefined;
  /** Who `--write` becomes; undefined: the same user and role. */
  readonly write: { readonly user: string; readonly role: RoleStep | undefined } | undefined;
  /** Who a change under four eyes is run as; undefined: as `write`. */
  readonly change: { readonly user: string; readonly role: RoleStep | undefined } | undefined;
  /** IP address to connect to instead of resolving the endpoint's name (the token and TLS keep the real name). */
  readonly address: string | undefined;
  /** PEM file of the authorities to trust; undefined: those of RDS. Absolute path. */
  readonly ca: string | undefined;
  /** Besides those of the whole configuration. */
  readonly maskedColumns: readonly string[];
}

/** An EC2 instance, or the one that carries all these tags. */
export interface Instance {
  readonly name: string;
  readonly environment: string;
  readonly description: string | undefined;
  readonly locator:
    | { readonly kind: 'id'; readonly instanceId: string }
    | { readonly kind: 'tags'; readonly tags: ReadonlyMap<string, string> };
  /** Session document; undefined: the account's own default. */
  readonly document: string | undefined;
  readonly role: RoleStep | undefined;
}

/** Ports that are forwarded together, by a name. */
export interface ForwardGroup {
  readonly name: string;
  readonly environment: string;
  readonly description: string | undefined;
  /** The instance that they go through, as the person would say it within the environment. */
  readonly instance: string;
  readonly forwards: readonly ForwardSpec[];
  /** Local port of a SOCKS5 proxy. */
  readonly socks: number | undefined;
  /** Sessions for each destination. */
  readonly streams: number;
}

/** An EKS cluster. */
export interface Cluster {
  readonly name: string;
  readonly environment: string;
  readonly description: string | undefined;
  /** Its name in EKS. */
  readonly cluster: string;
  /** Where its API is, in place of asking EKS. `endpoint`: `https://…`; `ca`: PEM file, absolute. */
  readonly known: { readonly endpoint: string; readonly ca: string } | undefined;
  readonly namespace: string | undefined;
  readonly role: RoleStep | undefined;
}

/** A group of Identity Center, as the organisation's policy describes it. */
export interface Group {
  readonly name: string;
  /** For people: what it gives. */
  readonly access: string | undefined;
  /** For people: who is in it. */
  readonly members: string | undefined;
  /** Environment → the permission set that the group holds there. */
  readonly environments: ReadonlyMap<string, string>;
  /** Environments whose private network the group reaches (VPN). */
  readonly network: readonly string[];
}
