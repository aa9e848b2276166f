import * as v from 'valibot';
import { durationPattern, parseDuration } from './duration.ts';

/** The vocabulary of the schema. Every message is what the value must be, and ends the sentence "… must be". */
export const described = <Schema extends v.GenericSchema>(words: string, schema: Schema) =>
  v.pipe(schema, v.description(words));

export const text = (expectation: string, pattern: RegExp) =>
  v.pipe(v.string(expectation), v.regex(pattern, expectation));

export const oneOf = <const Options extends readonly string[]>(options: Options) =>
  v.picklist(options, options.join(', ').replace(/, (?=[^,]*$)/, ' or '));

/** Names of environments, targets, groups: safe in files, prompts, profiles and URLs. */
export const namePattern = /^[A-Za-z0-9._-]{1,64}$/;
export const name = text('a name (1 to 64 letters, digits and ._-)', namePattern);

/** A key with nothing behind it is an empty mapping: what is left when every entry is commented out. */
export const mapOf = <Key extends v.GenericSchema<string>, Value extends v.GenericSchema>(
  value: Value,
  key?: Key,
) => v.nullable(v.record(key ?? name, value, 'a mapping of names'));

export const list = <Item extends v.GenericSchema>(item: Item) => v.array(item, 'a list');

/** `column`, `table.column`, `schema.table.column`, each part with * for anything. */
export const maskedColumns = list(
  text('a column: email, customers.ssn, *iban*', /^(?:[^\x00-\x20.'"]{1,63}\.){0,2}[^\x00-\x20.'"]{1,63}$/),
);

/** Seconds, both ends included. */
export const duration = (expectation: string, minimum: number, maximum: number) =>
  v.pipe(
    v.string(expectation),
    v.regex(durationPattern, expectation),
    v.check((value) => {
      const seconds = parseDuration(value);
      return seconds !== undefined && seconds >= minimum && seconds <= maximum;
    }, expectation),
  );

export const description = described('For people: shown in lists and questions.', v.string('text'));
export const account = text('12 digits in quotes', /^\d{12}$/);
export const region = text('a region such as us-east-1', /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/);
export const permissionSet = text(
  'the name of a permission set (at most 32 letters, digits and +=,.@_-)',
  /^[\w+=,.@-]{1,32}$/,
);
export const sessionDocument = text('the name of a session document', /^[A-Za-z0-9_.-]{3,128}$/);
export const role = text(
  'the name of a role, or its ARN (arn:aws:iam::<account>:role/<name>)',
  /^(?:arn:aws[a-z-]*:iam::\d{12}:role\/)?[\w+=,.@/-]{1,576}$/,
);
