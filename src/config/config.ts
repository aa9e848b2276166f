/**
 * forge.yaml, read: every default applied, every reference resolved, nothing optional that a reader would have
 * to think about. load-config.ts makes it; the rest of forge only reads it.
 */
export interface Config {
  /** The files it came from, the most specific first; empty when there is none. */
  readonly files: readonly string[];
  readonly signIn: SignIn | undefined;
  readonly defaultEnvironment: string | undefined;
  readonly credentialStore: 'auto' | 'keychain' | 'file' | 'none';
  readonly environments: ReadonlyMap<string, Environment>;
}

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
  /** Groups that hold that permission set: named when access is refused. */
  readonly groups: readonly string[];
  /** Roles assumed one after the other on top of the permission set. */
  readonly roleChain: readonly RoleStep[];
  readonly defaultDatabase: string | undefined;
  readonly databases: ReadonlyMap<string, Database>;
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
  readonly locator:
    | { readonly kind: 'cluster'; readonly identifier: string }
    | { readonly kind: 'instance'; readonly identifier: string }
    | { readonly kind: 'endpoint'; readonly host: string };
  /** Which endpoint of a cluster. */
  readonly endpoint: 'writer' | 'reader';
  /** Undefined: what RDS says, else 5432. */
  readonly port: number | undefined;
  readonly database: string;
  readonly user: string;
  /** Role assumed for this database on top of the environment's credentials. */
  readonly role: RoleStep | undefined;
  /** Who `--write` becomes; undefined: the same user and role. */
  readonly write: { readonly user: string; readonly role: RoleStep | undefined } | undefined;
  /** Where to connect instead of resolving the endpoint's name (the token and TLS keep the real name). */
  readonly address: string | undefined;
  /** PEM file of the authorities to trust; undefined: those of RDS. Absolute path. */
  readonly ca: string | undefined;
}
