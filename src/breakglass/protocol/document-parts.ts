import * as v from 'valibot';
import { isIdentityStoreId, isRequestId, isSessionId, type RequestId, type SessionId } from './ids.ts';

/** What documents are made of. Every message is what the value must be, and ends the sentence "… must be". */
export const strict = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.strictObject(entries, 'an object');

export const pattern = (expectation: string, expression: RegExp) =>
  v.pipe(v.string(expectation), v.regex(expression, expectation));

export const wholeNumber = (minimum: number, maximum: number) => {
  const expectation = `a whole number from ${minimum} to ${maximum}`;
  return v.pipe(
    v.number(expectation),
    v.safeInteger(expectation),
    v.minValue(minimum, expectation),
    v.maxValue(maximum, expectation),
    // JSON writes -0 as 0.
    v.check((value) => !Object.is(value, -0), expectation),
  );
};

/** One line that people read. */
export const line = (maximum: number) =>
  v.pipe(
    v.string(`one line of 1 to ${maximum} characters`),
    v.check(
      (text) => lineProblem(text, maximum) === undefined,
      `one line of 1 to ${maximum} characters, without control or invisible characters`,
    ),
  );

/** Several lines that people read. */
export const prose = (maximum: number) =>
  v.pipe(
    v.string('text'),
    v.check(
      (text) => lineProblem(text.replace(/[\n\t]/g, ' '), maximum) === undefined,
      `text of 1 to ${maximum} characters, without control or invisible characters`,
    ),
  );

/** Why a line can't be part of a document; undefined when it can. Length in UTF-16 units. */
export function lineProblem(text: string, maximum: number): string | undefined {
  if (text.trim() === '') return 'is empty';
  if (text.length > maximum) return `has ${text.length} characters; at most ${maximum} are allowed`;
  return unseen.test(text) ? 'has a control or invisible character' : undefined;
}

/** A stranger's text as a line of a document: what may not be in one becomes `?`. Undefined when nothing is left. */
export function cleanLine(text: string | undefined, maximum: number): string | undefined {
  const clean = text
    ?.replace(new RegExp(unseen, 'gu'), '?')
    .slice(0, maximum)
    .replace(/[\ud800-\udbff]$/, '');
  return clean === undefined || clean.trim() === '' ? undefined : clean;
}

/**
 * Control characters, bidirectional controls, other invisible ones and halves of characters: what an approver
 * reads must be what is there.
 */
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/u;

export const requestId = v.custom<RequestId>(
  (value) => typeof value === 'string' && isRequestId(value),
  'the id of a request (BG-…)',
);
export const sessionId = v.custom<SessionId>(
  (value) => typeof value === 'string' && isSessionId(value),
  'the id of a session (BG-…, EV-… or UN-…)',
);
export const identityStoreId = v.pipe(
  v.string('an id of the identity store'),
  v.check(isIdentityStoreId, 'an id of the identity store'),
);
export const hash = pattern('a SHA-256 in 64 hex digits', /^[0-9a-f]{64}$/);
export const account = pattern('an account of 12 digits', /^\d{12}$/);
export const name = pattern('a name (1 to 64 letters, digits and ._-)', /^[A-Za-z0-9._-]{1,64}$/);
export const permissionSet = pattern('the name of a permission set', /^[\w+=,.@-]{1,32}$/);
export const tier = wholeNumber(0, 9);

/** Longest that anything may last: IAM's longest session. */
export const longestMinutes = 720;
export const minutes = wholeNumber(1, longestMinutes);

export const reasonLength = 500;
export const ticketLength = 200;
export const noteLength = 500;
export const summaryLength = 8_000;
export const userNameLength = 128;

/** `2026-11-21T12:00:00Z`, with or without milliseconds, and a day that exists. */
export const time = v.pipe(
  v.string('a time such as 2026-11-21T12:00:00Z'),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{3})?Z$/, 'a time such as 2026-11-21T12:00:00Z'),
  v.check((text) => {
    const at = Date.parse(text);
    return Number.isFinite(at) && new Date(at).toISOString().slice(0, 19) === text.slice(0, 19);
  }, 'a time that exists'),
);

/** Epoch milliseconds that can be written as a date. */
export const isTime = (at: number): boolean => Number.isFinite(at) && at >= 0 && at < 253_402_300_800_000;

/** A person of Identity Center: the id decides, the name is for people. */
export const person = strict({ userId: identityStoreId, userName: line(userNameLength) });
export type Person = v.InferOutput<typeof person>;
