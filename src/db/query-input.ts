import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import type { Host } from '../host.ts';
import type { QuerySource } from './explain-query-error.ts';

/**
 * The SQL of a `db query`: the argument, the file of -f (`-` is stdin), or else what stdin brings. A terminal is
 * not read: nobody would know that forge waits.
 * @throws usage: NO_SQL, SQL_TWICE, BAD_SQL_TEXT
 */
export async function readSql(
  host: Pick<Host, 'stdin' | 'directories' | 'signal'>,
  given: { readonly sql: string | undefined; readonly file: string | undefined },
): Promise<QuerySource> {
  const { sql, file } = given;
  if (sql !== undefined && file !== undefined) {
    throw new ForgeError('usage', 'There is SQL both on the command line and in -f.', {
      code: 'SQL_TWICE',
      hint: 'Give one of them.',
    });
  }
  if (sql !== undefined) return { sql: checked(sql, 'The SQL'), file: undefined };
  // It would be read as the working folder: mostly a variable of a script that is not set.
  if (file === '') throw noSql('The name of the file is empty.');
  if (file !== undefined && file !== '-') {
    const bytes = await readFile(resolve(host.directories.working, file)).catch((error) => {
      throw fileFailure(error, 'read', file);
    });
    return { sql: decoded(bytes, file), file };
  }
  if (file === undefined && host.stdin.isTTY) throw noSql('There is no SQL.');
  const text = decoded(await readAll(host), 'stdin');
  // An empty stdin is what cron and CI give to a command that forgot its SQL.
  if (text.trim() === '' && file === undefined) throw noSql('There is no SQL, and stdin is empty.');
  return { sql: text, file: undefined };
}

function noSql(message: string): ForgeError {
  return new ForgeError('usage', message, {
    code: 'NO_SQL',
    hint: 'forge db query <target> "select 1", or -f file.sql, or … | forge db query <target>',
  });
}

async function readAll({ stdin, signal }: Pick<Host, 'stdin' | 'signal'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // Ends the wait for a writer that never comes.
  const stop = () => (stdin as NodeJS.ReadableStream & { destroy?: () => void }).destroy?.();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  } catch (error) {
    signal.throwIfAborted();
    throw fileFailure(error, 'read', 'stdin');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

function decoded(bytes: Uint8Array, name: string): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ForgeError('usage', `${name} is not UTF-8 text.`, {
      code: 'BAD_SQL_TEXT',
      hint: `Convert it first, e.g.: iconv -f latin1 -t utf-8`,
    });
  }
  return checked(text, name);
}

/** The protocol ends a statement at its first NUL: what follows would be silently left out. */
function checked(sql: string, name: string): string {
  if (!sql.includes('\0')) return sql;
  throw new ForgeError('usage', `${name} holds a NUL character, which no SQL can.`, { code: 'BAD_SQL_TEXT' });
}
