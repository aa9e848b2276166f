import * as v from 'valibot';
import { encodeDocument, type Parsed, parseDocument } from './document.ts';
import { hash, pattern, person, requestId, strict } from './document-parts.ts';

/**
 * `runs/<user id>/<request id>.json`, version 1: the one run of a change has begun. Written once, before anything of it
 * reaches the database, by whoever asked for it; what is there can't be run again, whatever became of it.
 */
const run = strict({
  v: v.literal(1, '1'),
  kind: v.literal('run', '"run"'),
  requestId,
  /** Of the change's text. */
  changeSha256: hash,
  user: person,
  /** Of this run alone: two that begin at once don't take each other's claim for their own. */
  claim: pattern('a UUID', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
});

export type Run = Readonly<v.InferOutput<typeof run>>;

/** Any bytes: a run, or why they are none. At most 16 KiB. */
export const parseRun = (bytes: Uint8Array): Parsed<Run> => parseDocument(run, bytes);

export const encodeRun = (value: Run): Uint8Array => encodeDocument(run, value);
