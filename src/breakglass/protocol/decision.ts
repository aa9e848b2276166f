import * as v from 'valibot';
import { encodeDocument, type Parsed, parseDocument } from './document.ts';
import { hash, line, minutes, noteLength, person, requestId, strict } from './document-parts.ts';

/**
 * `decisions/tier<N>/<request>/<approver>.json`, version 1: what an approver said. IAM lets only approvers of
 * the tier write there, and only under their own id.
 */
const decision = strict({
  v: v.literal(1, '1'),
  kind: v.literal('decision', '"decision"'),
  requestId,
  /** Of the exact bytes that the approver was shown. */
  requestSha256: hash,
  outcome: v.picklist(['approved', 'denied'], '"approved" or "denied"'),
  /** At most what was asked for. */
  minutes,
  approver: person,
  /** The approver's words, shown to the requester. */
  note: v.optional(line(noteLength)),
});

export type Decision = Readonly<v.InferOutput<typeof decision>>;

/** Any bytes: a decision, or why they are none. At most 16 KiB. */
export const parseDecision = (bytes: Uint8Array): Parsed<Decision> => parseDocument(decision, bytes);

export const encodeDecision = (value: Decision): Uint8Array => encodeDocument(decision, value);
