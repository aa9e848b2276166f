import type { Machine } from './machine.ts';
import type { Taken } from './reliable-link.ts';
import type { Session } from './session.ts';

/** What a session runs on the instance: a shell, a command, a port. */
export interface Worker {
  /** Input of the client; `later`: ask again after `retry`. */
  take(payloadType: number, payload: Buffer): Taken;
  /** Ends whatever runs, at once. */
  kill(): void;
}

/** What a worker may do to its session. */
export interface WorkerContext {
  readonly session: Session;
  readonly machine: Machine;
  output(payloadType: number, bytes: Buffer, cut?: 'characters' | 'anywhere'): void;
  /** So much waits to be sent that sources must pause until `whenDrained`. */
  congested(): boolean;
  whenDrained(listener: () => void): void;
  /** The worker can take what it wanted later. */
  retry(): void;
  /** The session is over: what was said still goes out, then the service closes with this text. */
  finish(output: string): void;
  /** Where a host and port lead from here, as a local port; undefined: nowhere. */
  destination(host: string, port: number): Promise<number | undefined>;
}
