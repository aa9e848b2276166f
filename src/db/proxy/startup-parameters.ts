import { findReachingSchema } from './reaching-schemas.ts';
import type { Refusal } from './statement.ts';
import type { ClientWishes } from './upstream.ts';

/** What a client may reach here: the one user and the one database. */
export interface ProxyTarget {
  readonly user: string;
  readonly database: string;
}

export interface Startup {
  readonly wishes: ClientWishes;
  /** `_pq_.` options, none of which is known. */
  readonly unknownOptions: readonly string[];
}

/**
 * Settings that change how values look, or how they are found, and nothing that guards. A startup parameter is as good
 * as a SET that no guard has seen: what is not here is refused, and can be said in SQL.
 */
const harmless = new Set([
  'application_name',
  'bytea_output',
  'client_encoding',
  'client_min_messages',
  'datestyle',
  'extra_float_digits',
  'geqo',
  'intervalstyle',
  'jit',
  'search_path',
  'timezone',
  'work_mem',
]);

/** The body of a StartupMessage behind its version. Undefined: malformed. */
export function parseStartup(body: Buffer): ReadonlyMap<string, string> | undefined {
  const texts = body.toString('utf8').split('\0');
  // name, value, …, and two empty ones: behind the last NUL, and the one that ends the list.
  if (texts.length < 2 || texts.length % 2 !== 0 || texts.at(-1) !== '' || texts.at(-2) !== '')
    return undefined;
  const found = new Map<string, string>();
  for (let index = 0; index + 2 < texts.length; index += 2) {
    const name = texts[index] ?? '';
    if (name === '') return undefined;
    found.set(name, texts[index + 1] ?? '');
  }
  return found;
}

/** Pure: whether a client with these may come in. */
export function judgeStartup(
  parameters: ReadonlyMap<string, string>,
  target: ProxyTarget,
): Startup | { readonly refusal: Refusal } {
  const user = parameters.get('user') ?? '';
  if (user !== '' && user !== target.user)
    return no(
      '28000',
      `forge is signed in as ${target.user} here, not as ${user}.`,
      `Connect as ${target.user}.`,
    );
  const database = parameters.get('database') ?? '';
  if (database !== '' && database !== target.database)
    return no(
      '3D000',
      `forge leads to the database ${target.database} here, not to ${database}.`,
      `Connect to ${target.database}. Another database is another target of forge.`,
    );
  const replication = parameters.get('replication') ?? 'false';
  if (!/^(false|off|no|0|f|n)$/i.test(replication))
    return no('0A000', 'forge passes no replication on.', 'It would read the database without statements.');
  const settings = new Map<string, string>();
  const unknownOptions: string[] = [];
  const asked: (readonly [string, string])[] = [];
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database' || name === 'replication') continue;
    if (name.startsWith('_pq_.')) unknownOptions.push(name);
    else if (name === 'options') {
      const options = parseOptions(value);
      if (options === undefined)
        return no('42601', 'forge takes only -c name=value in the option "options".', undefined);
      asked.unshift(...options);
    } else asked.push([name, value]);
  }
  for (const [name, value] of asked) {
    const key = name.toLowerCase().replaceAll('-', '_');
    if (!harmless.has(key))
      return no(
        '42501',
        `forge does not pass on the setting ${name} of a connection.`,
        `Leave it away (PGOPTIONS, connection properties), or use SET ${name} once connected.`,
      );
    const schema = key === 'search_path' ? findReachingSchema(value) : undefined;
    if (schema !== undefined)
      return no(
        '42501',
        `forge does not pass on a search_path with ${schema}.`,
        'Write the schema before the name.',
      );
    settings.set(key, value);
  }
  const applicationName = settings.get('application_name');
  settings.delete('application_name');
  return { wishes: { applicationName, settings }, unknownOptions };
}

/** `-c name=value`, `-cname=value`, `--name=value`; a backslash keeps white space. postgres.c: pg_split_opts. */
function parseOptions(text: string): (readonly [string, string])[] | undefined {
  const words = [...text.matchAll(/(?:\\[\s\S]|[^\s\\])+/g)].map(([word]) =>
    word.replace(/\\([\s\S])/g, '$1'),
  );
  const settings: (readonly [string, string])[] = [];
  for (let index = 0; index < words.length; index++) {
    let word = words[index] ?? '';
    if (word === '-c') word = words[++index] ?? '';
    else if (word.startsWith('-c')) word = word.slice(2);
    else if (word.startsWith('--')) word = word.slice(2);
    else return undefined;
    const equals = word.indexOf('=');
    if (equals < 1) return undefined;
    settings.push([word.slice(0, equals), word.slice(equals + 1)]);
  }
  return settings;
}

function no(sqlState: string, message: string, hint: string | undefined): { readonly refusal: Refusal } {
  return { refusal: { sqlState, message, hint } };
}
