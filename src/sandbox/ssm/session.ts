import type { Instance } from '../organisation.ts';
import type { SessionPlan } from './session-documents.ts';

/** One session, as the service keeps it: it outlives sockets, and is found by its id for 30 days. */
export interface Session {
  /** `<session or user name>-<17 hex>` */
  readonly id: string;
  readonly instance: Instance;
  readonly document: string;
  readonly plan: SessionPlan;
  /** ARN of who started it. */
  readonly owner: string;
  /** aws:userid of who started it. */
  readonly ownerId: string;
  readonly reason: string | undefined;
  readonly preferences: SessionPreferences;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  endedAt: number | undefined;
  /** When the client last did something: what the idle timeout counts from. */
  usedAt: number;
  /** Opens a data channel once. */
  token: string | undefined;
  /** What runs on the instance; set while it does. */
  running: RunningSession | undefined;
}

export interface RunningSession {
  /** The service ends it: channel_closed with this text. */
  end(output: string): void;
  /** Closes the client's socket as the service does each hour: 1000 "Bye". */
  sayBye(): void;
  /** Cuts the client's socket without a word. */
  cut(): void;
  publish(on: boolean): void;
}

/** What an account's SSM-SessionManagerRunShell says. */
export interface SessionPreferences {
  /** 1 to 60. */
  readonly idleMinutes: number;
  /** 1 to 1440; undefined: no end. */
  readonly maxMinutes: number | undefined;
  /** ARN of the key that shells and commands are encrypted with; undefined: TLS alone. */
  readonly kmsKey: string | undefined;
  /** The agent sends a Challenge and insists on its acknowledgement. */
  readonly requireChallenge: boolean;
  /** Shown by clients once the handshake is complete. */
  readonly customerMessage: string;
}

export const defaultPreferences: SessionPreferences = {
  idleMinutes: 20,
  maxMinutes: undefined,
  kmsKey: undefined,
  requireChallenge: false,
  customerMessage: '',
};
