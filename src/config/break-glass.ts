/** The `break_glass` part of forge.yaml: the organisation's policy for emergencies, read. */
export interface BreakGlass {
  /** Account that holds the groups, requests and records (the delegated administrator of Identity Center). */
  readonly account: string | undefined;
  /** Home region: the rules that watch are there, so every emergency call must be made there. */
  readonly region: string | undefined;
  /** Identity store id, `d-…`. */
  readonly identityStore: string | undefined;
  /** Permission set, in that account, that people ask with. */
  readonly requestPermissionSet: string | undefined;
  /** Permission set, in that account, that the archive is read with. */
  readonly auditPermissionSet: string | undefined;
  /** Permission set, in that account, that ends anybody's access; whoever approves can do it with what they have. */
  readonly killPermissionSet: string | undefined;
  /** How long an unanswered request can be approved. */
  readonly requestLifeSeconds: number;
  /** Name → where it is, e.g. `alerts` → `#platform-incidents`. */
  readonly channels: ReadonlyMap<string, string>;
  readonly approvers: ReadonlyMap<string, Approvers>;
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly scenarios: ReadonlyMap<string, Scenario>;
  readonly records: Records | undefined;
}

/** A kind of approver, e.g. `manager`. */
export interface Approvers {
  readonly name: string;
  /** For people: who they are. */
  readonly description: string | undefined;
  /** Groups of Identity Center whose members may approve. */
  readonly groups: readonly string[];
  /** Permission set, in the access account, that they approve with. */
  readonly permissionSet: string | undefined;
  /** Channel (a name of `channels`) where they are asked. */
  readonly channel: string | undefined;
}

export interface Tier {
  /** `0`, `1`, … */
  readonly name: string;
  readonly description: string | undefined;
  /** For people: in which situation. */
  readonly when: string | undefined;
  /** Undefined: the scenario names it, or the tier needs none (an IAM user). */
  readonly permissionSet: string | undefined;
  /** IAM role that is assumed instead of, or on top of, a permission set: a name or a full ARN. */
  readonly role: string | undefined;
  /** Group that a grant adds the person to. */
  readonly group: string | undefined;
  readonly approval: 'self-serve' | 'approver' | 'two-people';
  /** A name of `approvers`; set when `approval` is `approver`. */
  readonly approvers: string | undefined;
  /** How many different people must approve. */
  readonly approvals: number;
  /** Groups whose members may ask; empty: everybody. */
  readonly requesters: readonly string[];
  /** Empty: every production environment. */
  readonly environments: readonly string[];
  /** Names of `scenarios`; empty: the tier has none. */
  readonly scenarios: readonly string[];
  readonly minimumSeconds: number | undefined;
  /** Undefined: until something else ends it (tier 3: until the key is rotated). */
  readonly maximumSeconds: number | undefined;
  readonly mfa: boolean;
  /** With `mfa`: how old the sign-in may be. */
  readonly mfaWithinSeconds: number;
  readonly ticket: {
    readonly when: 'before' | 'after' | 'none';
    readonly withinSeconds: number | undefined;
    /** Regular expression of a whole ticket; undefined: anything. */
    readonly pattern?: string | undefined;
  };
  /** Channel (a name of `channels`) that is told at once. */
  readonly alert: string | undefined;
  /** IAM user of a tier for two people: its name (in the access account) or a full ARN. */
  readonly user: string | undefined;
  /** Person → serial number of the device of that user that they hold. */
  readonly mfaDevices: ReadonlyMap<string, string>;
  /** Item of the password vault that holds the IAM user's key. */
  readonly vaultItem: string | undefined;
}

/** What a tier can be asked for, and for how long at most. */
export interface Scenario {
  readonly name: string;
  readonly description: string | undefined;
  readonly permissionSet: string | undefined;
  /** Group that a grant adds the person to. */
  readonly group: string | undefined;
  readonly maximumSeconds: number | undefined;
  /** For people: what it allows. */
  readonly allows: readonly string[];
  /** With these alone its sessions on instances are started; undefined: nothing is said of them. */
  readonly sessionDocuments: SessionDocuments | undefined;
}

/** Names of session documents, by what forge uses them for. */
export interface SessionDocuments {
  /** A shell. */
  readonly connect: string;
  /** One command, its output and its exit code. */
  readonly run: string;
  /** One command in a terminal. */
  readonly copy: string;
}

export interface Records {
  /** Bucket that people write requests and decisions to. */
  readonly intakeBucket: string | undefined;
  /** Bucket that nobody can change. */
  readonly archiveBucket: string | undefined;
  /** Bucket of what the functions know of forge.yaml; undefined: as Terraform calls it (`configurationBucketOf`). */
  readonly configurationBucket: string | undefined;
  readonly retentionSeconds: number | undefined;
}

/** As the Terraform module calls it where forge.yaml says nothing. `account` is break-glass's: 12 digits. */
export const configurationBucketOf = (records: Records | undefined, account: string): string =>
  records?.configurationBucket ?? `forge-breakglass-configuration-${account}`;
