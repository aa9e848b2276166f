import { withCommands } from './commands-in.ts';
import { hasBackslash, type SqlPiece, sqlPieces } from './sql-pieces.ts';

export interface MaskedSql {
  readonly sql: string;
  /** It is about a password: its values are not to be written down either. */
  readonly secret: boolean;
  /** Of these parameters alone the values are not to be written down: 1 is $1. */
  readonly parameters?: ReadonlySet<number> | undefined;
}

/** SQL as it may be written down, and whether its values may. `standardStrings`: standard_conforming_strings, on if not said. */
export type MaskSql = (sql: string, standardStrings?: boolean) => MaskedSql;

/** Misspelt, too: a typing error ends in the record as well. */
const mentions = /pass?w|passphrase|\bpwd|secret|scram-sha|crypt|pgp_|hmac/i;
const roleWords = /^(role|user|group|subscription|server)$/i;
const maybe = new RegExp(`${mentions.source}|\\b(?:role|user|group|subscription|server)\\b`, 'i');
const mask = "'***'";
/** In these a word behind `password` is SQL, not a password without its quotes. */
const reads = /^(select|insert|update|delete|merge|with|values|table|explain|copy|fetch|declare)$/i;

/**
 * SQL as it may be written down. Where it makes or changes a role, a connection to elsewhere, or mentions a password,
 * every constant is masked, not only the one behind PASSWORD: in `format('… password %L', 'x')` it is another. Of what
 * can't be cut into constants for sure only its beginning is shown, and which commands are in it: nobody hides one
 * behind a quote that is open to one reader and closed to another.
 */
export function maskPasswords(sql: string, standardStrings = true): MaskedSql {
  if (!maybe.test(sql)) return { sql, secret: false };
  const pieces = sqlPieces(sql, standardStrings);
  if (pieces === undefined) {
    const secret = mentions.test(sql) || /\b(?:alter|create)\b/i.test(sql);
    return { sql: secret ? maskedFromQuote(sql) : sql, secret };
  }
  const said = pieces.filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  const ofRole = definesRole(said);
  const inComment = pieces.some(({ kind, text }) => kind === 'comment' && mentions.test(text));
  const secret = ofRole || inComment || said.some(({ text }) => mentions.test(text));
  if (!secret) return { sql, secret };
  const bare = ofRole || !reads.test(said[0]?.text ?? '');
  const from = pieces.findIndex(hasBackslash);
  if (from < 0) return { sql: masked(pieces, bare), secret };
  // Whoever typed it may believe that the backslash hides a quote, or that it does not; a SET on its way can make it so.
  const shown = masked(pieces, bare, from);
  return {
    sql: withCommands(
      shown,
      pieces
        .slice(from)
        .map(({ text }) => text)
        .join(''),
    ),
    secret,
  };
}

function definesRole(said: readonly SqlPiece[]): boolean {
  return said.some(({ text }, index) => {
    const next = said[index + 1];
    return /^(alter|create)$/i.test(text) && next?.kind === 'word' && roleWords.test(next.text);
  });
}

/**
 * `bare`: a password may stand there without its quotes, or in the wrong ones. From the piece `doubtful` on, a word
 * right behind a constant may be inside of it to the one who typed it, and so may all that follows up to the next `;`.
 */
function masked(pieces: readonly SqlPiece[], bare: boolean, doubtful = pieces.length): string {
  let behindPassword = false;
  let behindString = false;
  let inDoubt = false;
  return pieces
    .map(({ kind, text }, index) => {
      // 'a'b'c': somebody forgot to double a quote, and the middle is as secret as the rest.
      const torn = behindString && kind === 'word';
      inDoubt ||= torn && index > doubtful;
      behindString = kind === 'string';
      if (text === ';') {
        behindPassword = false;
        inDoubt = false;
      }
      if (kind === 'space' || kind === 'other') return text;
      if (kind === 'comment') return inDoubt || mentions.test(text) ? '/* *** */' : text;
      const isPassword =
        inDoubt || torn || (behindPassword && !/^null$/i.test(text) && (bare || kind === 'name'));
      behindPassword = kind === 'word' && mentions.test(text);
      return isPassword || kind === 'string' ? mask : text;
    })
    .join('');
}

/** Up to the first quote or comment it is certain what is what. */
function maskedFromQuote(sql: string): string {
  const start = sql.search(/['"$]|--|\/\*/);
  const shown = masked(sqlPieces(sql.slice(0, start)) ?? [], true);
  const rest = sql.slice(start);
  return withCommands(`${shown}/* *** ${rest.length} characters that may hold a password */`, rest);
}
