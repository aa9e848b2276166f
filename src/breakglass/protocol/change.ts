import * as v from 'valibot';
import { sha256 } from './document.ts';
import { hash, line, lineProblem, pattern, prose, strict, wholeNumber } from './document-parts.ts';

/** Of a change's text, in UTF-8. */
export const changeBytes = 64 * 1024;
/** Of what the server was asked to explain; cut to that by whoever asks, who says so in it. */
export const changePlanLength = 16_000;
export const mostExpectedRows = 1_000_000_000;

/**
 * What a request asks to run, word for word: a change to data that somebody else reads before it is run. Whoever approves
 * the request approves these bytes for this database, since the digest of a decision is about all of the request.
 */
const fields = strict({
  /** Of the text's bytes: what a person compares, and what a file is compared with. */
  sha256: hash,
  /** `<environment>/<database>` in forge.yaml. */
  target: pattern('a target such as prod/orders', /^[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/),
  /** As AWS has it: `cluster orders-prod`; compared where it is run. */
  server: line(300),
  database: line(128),
  /** Role of the database that it is run as. */
  user: line(128),
  text: v.pipe(
    v.string('text'),
    v.check(
      (text) => changeTextProblem(text) === undefined,
      `text of at most ${changeBytes} bytes, without control or invisible characters`,
    ),
  ),
  /** Changed by all statements together; another number is rolled back. */
  expectRows: v.optional(wholeNumber(0, mostExpectedRows)),
  /** What the server made of it for the requester: their word, as all of this is. */
  plan: v.optional(
    strict({ text: prose(changePlanLength), rows: v.optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)) }),
  ),
});

export const change = v.pipe(
  fields,
  v.check(
    ({ sha256: said, text }) => said === sha256(new TextEncoder().encode(text)),
    'a change whose digest is its text’s',
  ),
);

export type Change = Readonly<v.InferOutput<typeof change>>;

/** Why a text can't be what somebody else reads and approves; undefined: it can. */
export function changeTextProblem(text: string): string | undefined {
  const { length } = new TextEncoder().encode(text);
  if (length > changeBytes) return `it has ${length} bytes; at most ${changeBytes} can be read by anybody`;
  if (text.trim() === '') return 'it is empty';
  const lines = text.split(/\r?\n/);
  const unseen = lines.findIndex(
    (one) => one.trim() !== '' && lineProblem(one.replaceAll('\t', ' '), changeBytes) !== undefined,
  );
  if (unseen < 0) return undefined;
  return `line ${unseen + 1} has a control or invisible character, which nobody could read`;
}
