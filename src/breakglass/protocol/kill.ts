import * as v from 'valibot';
import { encodeDocument, type Parsed, parseDocument } from './document.ts';
import { line, person, reasonLength, sessionId, strict } from './document-parts.ts';

/**
 * `kills/<session>/<killer's user id>.json`, version 1: an approver or administrator ends somebody's access, or stops a
 * request before it gives any. It can only take away: of whom is told by the session, never by this.
 */
const kill = strict({
  v: v.literal(1, '1'),
  kind: v.literal('kill', '"kill"'),
  sessionId,
  by: person,
  reason: v.optional(line(reasonLength)),
});

export type Kill = Readonly<v.InferOutput<typeof kill>>;

/** Any bytes: a kill, or why they are none. At most 16 KiB. */
export const parseKill = (bytes: Uint8Array): Parsed<Kill> => parseDocument(kill, bytes);

export const encodeKill = (value: Kill): Uint8Array => encodeDocument(kill, value);
