import { nearest } from '../../lib/nearest.ts';

/** A backslash command, understood. */
export type ShellCommand =
  | { readonly kind: 'quit' | 'help' | 'connection' | 'reset' | 'show-buffer' }
  | { readonly kind: 'expanded' | 'timing'; readonly value: boolean | undefined }
  | { readonly kind: 'include'; readonly path: string }
  | { readonly kind: 'echo'; readonly text: string }
  /** For psql-describe: \d…, \l, \sf, \sv, \z, \h. */
  | { readonly kind: 'describe'; readonly text: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads one line that begins with a backslash. Never fails: what can't be done says why. */
export function parseShellCommand(line: string): ShellCommand {
  // A semicolon is habit.
  const text = line.trimEnd().replace(/;$/, '');
  const [, name = '', rest = ''] = /^\\(\S*)\s*([\s\S]*?)\s*$/.exec(text) ?? [];
  if (describes.test(name)) return { kind: 'describe', text };
  switch (name) {
    case 'q':
    case 'quit':
      return { kind: 'quit' };
    case '?':
      return { kind: 'help' };
    case 'conninfo':
      return { kind: 'connection' };
    case 'r':
    case 'reset':
      return { kind: 'reset' };
    case 'p':
    case 'print':
      return { kind: 'show-buffer' };
    case 'x':
    case 'timing':
      return onOff(name, rest);
    case 'i':
    case 'include':
      return rest === ''
        ? { kind: 'refused', reason: String.raw`\i needs a file: \i report.sql` }
        : { kind: 'include', path: unquoted(rest) };
    case 'echo':
      return { kind: 'echo', text: unquoted(rest) };
    default:
      return { kind: 'refused', reason: refusal(name) };
  }
}

export const shellHelp = String.raw`SQL ends with ; (or \g, or \gx for one value a line) and may take several lines.
  \q                  leave (also Ctrl-D)
  \d [name]           tables, views and sequences; one of them in full
  \dt \dv \di \ds     tables, views, indexes, sequences
  \dn \du \df \dp     schemas, roles, functions, privileges; add + for more: \dt+
  \l                  databases
  \sf \sv name        source of a function or view
  \h [command]        how a SQL command is written
  \x [on|off]         one value a line
  \timing [on|off]    how long each statement takes
  \i file             run a file of SQL, up to its first failure
  \p  \r              show, or throw away, what is typed so far
  \conninfo           where you are connected, and as whom
Ctrl-C clears the line, or cancels the running statement on the server.
Lines are kept for the next shell, except those that begin with a space or speak of a secret.`;

const describes = /^(d\S*|l\+?|list\+?|sf\+?|sv\+?|z[S+]*|h|help)$/;

function onOff(name: 'x' | 'timing', rest: string): ShellCommand {
  const kind = name === 'x' ? 'expanded' : 'timing';
  const word = rest.toLowerCase();
  if (word === '') return { kind, value: undefined };
  if (word === 'on' || word === 'true' || word === '1') return { kind, value: true };
  if (word === 'off' || word === 'false' || word === '0') return { kind, value: false };
  return { kind: 'refused', reason: `\\${name} takes on or off.` };
}

/** Commands that people know from psql, and what they do here instead. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['c', String.raw`\c opens nothing here: leave with \q and run forge db connect <target>.`],
  ['connect', String.raw`\connect opens nothing here: leave with \q and run forge db connect <target>.`],
  ['password', 'There are no passwords to set: people sign in with IAM tokens.'],
  ['!', 'This shell runs no other programs.'],
  ['o', 'To write a result to a file: forge db query <target> "…" --output csv > file.csv'],
  ['g', String.raw`\g writes to no file here: forge db query <target> "…" > file`],
  ['gx', String.raw`\gx writes to no file here: forge db query <target> "…" > file`],
]);

/** https://www.postgresql.org/docs/current/app-psql.html: what only the real psql has. */
const onlyPsql = new Set(
  `a bind bind_named C cd close_prepared copy copyright crosstabview e edit ef encoding errverbose ev f gdesc getenv
   gexec gset H html if elif else endif ir include_relative lo_export lo_import lo_list lo_unlink pset prompt
   qecho restrict unrestrict s set setenv startpipeline endpipeline t T unset w warn watch write`.split(
    /\s+/,
  ),
);

const known =
  'q quit ? d dt dv di ds dn du df dp dx l list sf sv z h help x timing i include p r conninfo echo'.split(
    ' ',
  );

function refusal(name: string): string {
  const instead = elsewhere.get(name);
  if (instead !== undefined) return instead;
  if (onlyPsql.has(name)) return `Only psql has \\${name}. Once psql is installed, forge db connect uses it.`;
  const near = nearest(name, known);
  const advice = near === undefined ? String.raw`See \?` : `Did you mean \\${near}`;
  return `There is no command \\${name}. ${advice}${near === undefined ? '.' : '?'}`;
}

function unquoted(text: string): string {
  const [, inner] = /^'([\s\S]*)'$/.exec(text) ?? [];
  return inner === undefined ? text : inner.replaceAll("''", "'");
}
