import { Client } from 'pg';
import { runShell } from '../../src/db/shell/run-shell.ts';
import { ForgeError } from '../../src/errors.ts';
import { exitWith, systemHost } from '../../src/host.ts';
import { createOutput, renderError } from '../../src/terminal/output.ts';

/** The built-in shell on a plain PostgreSQL, in a process of its own so that it can have a terminal. */
async function main(): Promise<void> {
  const [, , folder = '', user = '', name = 'dev'] = process.argv;
  const host = systemHost();
  const output = createOutput(host, { format: undefined, quiet: false, debug: false });
  const options = { host: folder, port: 5432, user, database: 'postgres', password: '' };
  const client = new Client(options);
  client.on('error', () => {});
  await client.connect();
  const cancel = async () => {
    const other = new Client(options);
    await other.connect();
    await other.query('select pg_cancel_backend($1)', [
      (client as unknown as { processID: number }).processID,
    ]);
    await other.end();
  };
  try {
    const production = name.startsWith('prod');
    await runShell({ host, output }, { client, cancel }, { prompt: name, production, readOnly: production });
    exitWith(0);
  } catch (error) {
    const known =
      error instanceof ForgeError ? error : new ForgeError('failed', String(error), { code: 'BUG' });
    process.stderr.write(renderError(known, 'table', output.style));
    exitWith(known.exitCode);
  }
}

void main();
