import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { ForgeError } from '../../errors.ts';

/** What a stranger's bytes are: a value, or one sentence about why they are refused. Reading never throws. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** An object as a bucket gave it; `lastModified`, epoch milliseconds, is the bucket's clock, which no client sets. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly lastModified: number;
}

/** Largest decision, early end, kill or run; requests may be larger. */
export const documentBytes = 16 * 1024;

/**
 * Reads a document. A document has one spelling: the members in the schema's order, as `JSON.stringify` writes
 * them. So nothing can be said twice (`"minutes":1,…,"minutes":720`), hidden, or read by one program in one way
 * and by another in another; and writing what was read gives the same bytes.
 */
export function parseDocument<Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Uint8Array,
  limit = documentBytes,
): Parsed<v.InferOutput<Schema>> {
  if (bytes.length > limit) return refused(`it has ${bytes.length} bytes; at most ${limit} are read`);
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    return refused('it is not JSON in UTF-8');
  }
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (!result.success) return refused(explain(result.issues[0]));
  if (JSON.stringify(result.output) !== text)
    return refused('it is not in the one form that is accepted (members in order, once, without blanks)');
  return { ok: true, value: result.output };
}

/** The bytes of a document; refuses (kind usage, INVALID_DOCUMENT) to write what would be refused when read. */
export function encodeDocument<Schema extends v.GenericSchema>(
  schema: Schema,
  value: v.InferInput<Schema>,
  limit = documentBytes,
): Uint8Array {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (!result.success) throw unwritable(explain(result.issues[0]));
  const bytes = new TextEncoder().encode(JSON.stringify(result.output));
  if (bytes.length > limit)
    throw unwritable(`it would have ${bytes.length} bytes; at most ${limit} are read`);
  return bytes;
}

/** 64 lower-case hex digits. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

/** Where, and what must be there: never the value, which is a stranger's text. */
function explain(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const member = path !== null && /^[\w.]{1,60}$/.test(path) ? path : undefined;
  if (issue.kind === 'schema' && issue.type === 'strict_object' && issue.expected === 'never')
    return `it has a member that is not known${member === undefined ? '' : `: ${member}`}`;
  if (issue.type === 'strict_object' && issue.path !== undefined && issue.input === undefined)
    return `${member ?? 'a member'} is missing`;
  return `${member ?? 'it'} must be ${issue.message}`;
}

const unwritable = (problem: string): ForgeError =>
  new ForgeError('usage', `This can't be written: ${problem}.`, { code: 'INVALID_DOCUMENT' });
