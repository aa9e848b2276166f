import { type SqlPiece, sqlPieces } from './sql-pieces.ts';

export interface MaskedSql {
  readonly sql: string;
  /** It is about a password: its values are not to be written down either. */
  readonly secret: boolean;
  /** Of these parameters alone the values are not to be written down: 1 is $1. */
  readonly parameters?: ReadonlySet<number> | undefined;
}

/** SQL as it may be written down, and whether its values may. */
export type MaskSql = (sql: string) => MaskedSql;

/** Misspelt, too: a typing error ends in the record as well. */
const mentions = /pass?w|passphrase|\bpwd|secret|scram-sha|crypt|pgp_|hmac/i;
const roleWords = /^(role|user|group|subscription|server)$/i;
const maybe = new RegExp(`${mentions.source}|\\b(?:role|user|group|subscription|server)\\b`, 'i');
const mask = "'***'";
/** In these a word behind `password` is SQL, not a password without its quotes. */
const reads = /^(select|insert|update|delete|merge|with|values|table|explain|copy|fetch|declare)$/i;

/**
 * SQL as it may be written down. Where it makes or changes a role, a connection to elsewhere, or mentions a password,
 * every constant is masked, not only the one behind PASSWORD: in `format('… password %L', 'x')` it is another. What
 * can't be cut into constants for sure is masked as a whole.
 */
export function maskPasswords(sql: string): MaskedSql {
  if (!maybe.test(sql)) return { sql, secret: false };
  const pieces = sqlPieces(sql);
  if (pieces === undefined) {
    const secret = mentions.test(sql) || /\b(?:alter|create)\b/i.test(sql);
    return secret ? { sql: maskedWhole(sql), secret } : { sql, secret };
  }
  const said = pieces.filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  const ofRole = definesRole(said);
  const inComment = pieces.some(({ kind, text }) => kind === 'comment' && mentions.test(text));
  const secret = ofRole || inComment || said.some(({ text }) => mentions.test(text));
  if (!secret) return { sql, secret };
  // With standard_conforming_strings off a backslash would hide a quote.
  if (said.some(({ kind, text }) => kind === 'string' && /^'/.test(text) && text.includes('\\')))
    return { sql: maskedWhole(sql), secret };
  return { sql: masked(pieces, ofRole || !reads.test(said[0]?.text ?? '')), secret };
}

function definesRole(said: readonly SqlPiece[]): boolean {
  return said.some(({ text }, index) => {
    const next = said[index + 1];
    return /^(alter|create)$/i.test(text) && next?.kind === 'word' && roleWords.test(next.text);
  });
}

/** `bare`: a password may stand there without its quotes, or in the wrong ones. */
function masked(pieces: readonly SqlPiece[], bare: boolean): string {
  let behindPassword = false;
  let behindString = false;
  return pieces
    .map(({ kind, text }) => {
      // 'a'b'c': somebody forgot to double a quote, and the middle is as secret as the rest.
      const torn = behindString && kind === 'word';
      behindString = kind === 'string';
      if (kind === 'space' || kind === 'other') return text;
      if (kind === 'comment') return mentions.test(text) ? '/* *** */' : text;
      const isPassword = torn || (behindPassword && !/^null$/i.test(text) && (bare || kind === 'name'));
      behindPassword = kind === 'word' && mentions.test(text);
      return isPassword || kind === 'string' ? mask : text;
    })
    .join('');
}

function maskedWhole(sql: string): string {
  return `/* *** ${sql.length} characters that may hold a password */`;
}
