import type { StoredObject } from '../breakglass/protocol/document.ts';
import type { Policy } from '../breakglass/protocol/policy.ts';

/**
 * All that the handlers can do, and so all that they can do to anybody: read requests, write records once, take
 * memberships away, refuse credentials, end shells, start the workflow, say something. There is nothing here that gives
 * access, and no handler's role may.
 */
export interface Ports {
  readonly policy: Policy;
  readonly intake: Intake;
  readonly archive: Archive;
  readonly people: People;
  readonly workflow: Workflow;
  readonly production: Production;
  readonly trail: Trail;
  /** Says it to people; throws when it can't be delivered. `channel` undefined: where alerts go. */
  tell(channel: string | undefined, text: string): Promise<void>;
  /** What went wrong and was not worth failing for. */
  log(text: string): void;
  /** Epoch milliseconds. */
  now(): number;
}

export interface Listed {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly lastModified: number;
  /** Bytes. */
  readonly size: number;
}

/** Where people write: requests, decisions, ends, evidence. */
export interface Intake {
  /** Undefined: there is none. At most `limit` bytes are read; of more, none. */
  get(key: string, limit: number): Promise<StoredObject | undefined>;
  /** Of more than `most` none: what can't be read in time lets nobody in, and keeps nobody there. */
  list(prefix: string, most?: number): Promise<readonly Listed[]>;
}

export interface ArchiveVersion extends Listed {
  readonly versionId: string;
  readonly deleteMarker: boolean;
}

/** The records. Nothing in it can be changed, by these handlers either. */
export interface Archive {
  /** Every version and delete marker, of each key the newest first. */
  versions(prefix: string): Promise<readonly ArchiveVersion[]>;
  get(key: string, versionId: string): Promise<Uint8Array>;
  /** False: something is there. */
  put(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Keys after `startAfter`, in order. */
  list(prefix: string, startAfter?: string): Promise<readonly Listed[]>;
}

export interface Member {
  readonly membershipId: string;
  readonly groupId: string;
  readonly userId: string;
}

/** The identity store. */
export interface People {
  findMembership(groupId: string, userId: string): Promise<string | undefined>;
  membersOf(groupId: string): Promise<readonly Member[]>;
  /** False: there was none. */
  removeMembership(membershipId: string): Promise<boolean>;
  /** Undefined: there is no such person. */
  userName(userId: string): Promise<string | undefined>;
}

/** The state machine: infra/modules/access-account/workflow.asl.json. */
export interface Workflow {
  /** False: an execution of this name was started before. */
  start(name: string, input: WorkflowInput): Promise<boolean>;
  /** Names of executions that run. */
  running(): Promise<readonly string[]>;
  /** Names and inputs of executions that ended without success, since `after` (epoch milliseconds). */
  unfinished(after: number): Promise<readonly UnfinishedExecution[]>;
}

export interface UnfinishedExecution {
  readonly name: string;
  input(): Promise<unknown>;
}

/** What an execution is started with. */
export type WorkflowInput =
  /** A CloudTrail event: a membership was made, or an emergency role assumed. */
  | { readonly trigger: 'event'; readonly event: unknown }
  /** A membership that nobody saw being made (the sweeper's), … */
  | { readonly trigger: 'found'; readonly membership: Member }
  /** … or that was there already when it was granted once more. */
  | { readonly trigger: 'again'; readonly membership: Member }
  /** A session is to end before its time. */
  | { readonly trigger: 'end'; readonly session: string }
  /** A session whose workflow is gone. */
  | { readonly trigger: 'resume'; readonly session: string }
  | Telling;

/** Something is to be said to people, and nothing else. */
export interface Telling {
  readonly trigger: 'tell';
  /** Null: where alerts go. */
  readonly channel: string | null;
  readonly text: string;
  /** When it came to be known: ISO 8601. */
  readonly at: string;
}

/** Names of executions that only say something begin so: they are nobody's session. */
export const tellingPrefix = 'T-';

/** Whose credentials are refused, and until when they were issued: epoch milliseconds. */
export interface TailCut {
  /** `*`: everybody's. */
  readonly userId: string;
  /** With it also what was assumed in that name. */
  readonly userName?: string;
  readonly at: number;
  /** Of what Identity Center issued to the person only this permission set's. */
  readonly permissionSet?: string;
  /** Only what was assumed in that id, and nothing that Identity Center issued. */
  readonly assumedOnly?: true;
}

/** What can be taken away in a production account. */
export interface Production {
  /** Refuses what was issued until then. Doing it again, or with an earlier time, changes nothing. */
  cutTail(account: string, cut: TailCut): Promise<void>;
  /** Ends all shell sessions whose owner's ARN and beginning (epoch milliseconds) fit. Counts of those ended, and of those that could not be. */
  endShells(
    account: string,
    isTheirs: (ownerArn: string, startedAt: number | undefined) => boolean,
  ): Promise<{ readonly terminated: number; readonly remaining: number }>;
}

export interface TrailQuery {
  readonly account: string;
  readonly by: 'AccessKeyId' | 'Username' | 'ResourceName';
  readonly value: string;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Of a service without regions, such as IAM: its events are in us-east-1, wherever home is. */
  readonly global?: true;
  readonly pageToken?: string | undefined;
}

export interface Trail {
  /** At most 50 events, newest first, each the JSON that CloudTrail wrote. */
  lookup(query: TrailQuery): Promise<{
    readonly events: readonly string[];
    readonly nextToken: string | undefined;
  }>;
}
