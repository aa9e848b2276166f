import type { Client } from 'pg';
import type { QuerySession } from '../run-query.ts';

/**
 * psql's \d family, \l, \sf, \sv and \h, by psql-describe, a port of psql's own describe.c. Calls `print` with each
 * piece, not escaped. Rejects with the server's error, or when `signal` aborts (cancelled on the server first).
 */
export async function describeObjects(
  session: QuerySession,
  command: string,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<void> {
  // Loaded only when asked for: it is as large as all else of a shell.
  const { describe, describeDataToString } = await import('psql-describe');
  let failure: { readonly error: unknown } | undefined;
  const run = async (sql: string) => {
    try {
      return await unparsedRows(session.client, sql);
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };
  const onAbort = () => {
    session.cancel().catch(() => {});
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const task = describe(
      // The library knows \h by its short name only.
      command.replace(/^\\help\b/, String.raw`\h`),
      session.client.database ?? '',
      run,
      // It prints a server's error as text; here that is thrown, with all that the server said.
      (item) => {
        if (failure === undefined) print(describeDataToString(item));
      },
    );
    await task.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  if (failure !== undefined) throw failure.error;
}

/** The library wants the server's own text, as psql has it. */
function unparsedRows(client: Client, text: string): Promise<unknown> {
  return client.query({
    text,
    rowMode: 'array',
    types: { getTypeParser: () => (value: string) => value },
  });
}
