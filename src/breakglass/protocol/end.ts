import * as v from 'valibot';
import { encodeDocument, type Parsed, parseDocument } from './document.ts';
import { person, prose, sessionId, strict, summaryLength } from './document-parts.ts';

/**
 * `ends/<user>/<session>.json`, version 1: the person ends their own session before its time, and says what was
 * done. It can only take away.
 */
const end = strict({
  v: v.literal(1, '1'),
  kind: v.literal('end', '"end"'),
  sessionId,
  user: person,
  /** What was done, in the person's words. */
  summary: v.optional(prose(summaryLength)),
});

export type EarlyEnd = Readonly<v.InferOutput<typeof end>>;

/** Any bytes: an early end, or why they are none. At most 16 KiB. */
export const parseEnd = (bytes: Uint8Array): Parsed<EarlyEnd> => parseDocument(end, bytes);

export const encodeEnd = (value: EarlyEnd): Uint8Array => encodeDocument(end, value);
