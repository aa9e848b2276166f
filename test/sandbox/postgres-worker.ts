import { systemHost } from '../../src/host.ts';
import { startPostgres } from '../../src/sandbox/postgres/start-postgres.ts';

/** Starts PostgreSQL (of the forge that argv names) with its standby, says where, and waits to be killed. */
const [, , script = ''] = process.argv;
const program = { node: process.execPath, script };
const host = { ...systemHost(), program, signal: new AbortController().signal };
const postgres = await startPostgres(host, [
  { name: 'shop', users: [{ name: 'forge_ro', access: 'read-only', rdsIam: true }] },
]);
await postgres.reader;
process.removeAllListeners('SIGTERM');
process.stdout.write(`${postgres.folder}\n`);
setInterval(() => {}, 1_000);
