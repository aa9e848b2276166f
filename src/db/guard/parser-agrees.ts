import type { GuardContext, Refusal, Statement } from '../proxy/statement.ts';

/**
 * Why nobody can say that the server reads the text as the parser does; undefined: it does. In other encodings than
 * UTF-8 a byte that looks like a quote can be half a letter, but for text that is ASCII throughout; without standard
 * strings a backslash hides a quote.
 */
export function assureAgreement(
  { sql, exact }: Pick<Statement, 'sql' | 'exact'>,
  { encoding, standardStrings }: Pick<GuardContext, 'encoding' | 'standardStrings'>,
): Refusal | undefined {
  if (!exact)
    return {
      sqlState: '22021',
      message: 'forge can read statements in UTF-8 only, and this one is not.',
      hint: "SET client_encoding TO 'UTF8', and have the client send it.",
    };
  if (!/^utf-?8$/i.test(encoding) && /[^\x01-\x7f]/.test(sql))
    return {
      sqlState: '22021',
      message: `forge can't tell what the server reads here: client_encoding is ${encoding}.`,
      hint: "SET client_encoding TO 'UTF8' first, or write it in ASCII.",
    };
  if (!standardStrings && sql.includes('\\'))
    return {
      sqlState: '42601',
      message: "forge can't tell what the server reads here: standard_conforming_strings is off.",
      hint: 'SET standard_conforming_strings TO on first, or write it without a backslash.',
    };
  return undefined;
}
