import type { Finding } from '../protocol/findings.ts';
import type { Sources } from '../protocol/record-bodies.ts';

/** What happened, and who says so. */
export interface Moment {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly what: string;
  /** A stranger's words that belong to it. */
  readonly said?: string | undefined;
  /** `server`: AWS's events and clocks. `client`: the person's own forge, and nobody else. */
  readonly from: 'server' | 'client';
}

/** Something that was run, as the person's own forge says, or AWS's trail. */
export interface Run {
  /** Epoch milliseconds; undefined: counted, not one moment. */
  readonly at: number | undefined;
  readonly what: string;
  readonly text: string;
}

/** A post-incident record, before it has a form. */
export interface SessionReport {
  readonly id: string;
  /** `archive`: records and files. `records`: the records alone. `journal`: what this machine's own forge wrote. */
  readonly source: 'archive' | 'records' | 'journal';
  /** In order; values are strangers' text. */
  readonly facts: readonly (readonly [title: string, value: string])[];
  readonly approvers: readonly { readonly userName: string; readonly note: string | undefined }[];
  readonly timeline: readonly Moment[];
  readonly targets: readonly string[];
  readonly ran: readonly Run[];
  /** Undefined: not collected yet, or not to be seen. */
  readonly sources: Sources | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** What should be there and is not. */
  readonly missing: readonly string[];
  /** Undefined: was not verified. */
  readonly findings: readonly Pick<Finding, 'code' | 'message'>[] | undefined;
  /** The person's own words at the end. */
  readonly summary: string | undefined;
}
