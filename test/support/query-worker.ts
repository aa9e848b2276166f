import { Client } from 'pg';
import { csvFormat } from '../../src/db/format-csv.ts';
import { runQuery } from '../../src/db/run-query.ts';
import { systemHost } from '../../src/host.ts';
import { createOutput } from '../../src/terminal/output.ts';

/** Runs one query to csv on stdout, in a process of its own so that its memory can be told; peak RSS on stderr. */
async function main(): Promise<void> {
  const [, , folder = '', user = '', sql = ''] = process.argv;
  const host = systemHost();
  const output = createOutput(host, { format: undefined, quiet: false, debug: false });
  const client = new Client({ host: folder, port: 5432, user, database: 'postgres', password: '' });
  await client.connect();
  await runQuery(
    { client, cancel: async () => {} },
    {
      source: { sql, file: undefined },
      values: [],
      format: csvFormat({ header: true, nullText: '' }),
      sink: output.raw,
      signal: host.signal,
      facts: { target: 'dev', writeHint: undefined, timeoutHint: '' },
      onTag: () => {},
    },
  );
  await client.end();
  process.stderr.write(String(process.resourceUsage().maxRSS * 1024));
}

void main();
