import * as v from 'valibot';
import { change } from './change.ts';
import { encodeDocument, type Parsed, parseDocument } from './document.ts';
import {
  account,
  identityStoreId,
  line,
  minutes,
  name,
  permissionSet,
  person,
  reasonLength,
  requestId,
  strict,
  ticketLength,
  tier,
  time,
} from './document-parts.ts';

/**
 * `requests/<requester>/<id>.json`, version 1: somebody asks for access. Written once, by the requester; nothing
 * in it is believed but compared with what AWS says and what the policy allows (judge.ts).
 */
const request = strict({
  v: v.literal(1, '1'),
  kind: v.literal('request', '"request"'),
  id: requestId,
  tier,
  /** Account that is to be reached. */
  account,
  /** Its name in forge.yaml. */
  environment: name,
  scenario: v.optional(name),
  permissionSet,
  /** Group whose members hold the permission set in the account. */
  groupId: identityStoreId,
  /** How long, from the approval on. */
  minutes,
  ticket: v.optional(line(ticketLength)),
  reason: line(reasonLength),
  requester: person,
  /** The requester's clock: for people. What counts is when the bucket got it. */
  createdAt: time,
  /** The request whose session this one prolongs. */
  extends: v.optional(requestId),
  /** What is to be run with it, word for word, and nothing else. */
  change: v.optional(change),
});

/** Largest request: a change's text, in which each character may become two, and what was said of it. */
export const requestBytes = 256 * 1024;

export type AccessRequest = Readonly<v.InferOutput<typeof request>>;

/** Any bytes: a request, or why they are none. At most 256 KiB. */
export const parseRequest = (bytes: Uint8Array): Parsed<AccessRequest> =>
  parseDocument(request, bytes, requestBytes);

/** The exact bytes to store; their SHA-256 is what a decision is about. */
export const encodeRequest = (value: AccessRequest): Uint8Array =>
  encodeDocument(request, value, requestBytes);
