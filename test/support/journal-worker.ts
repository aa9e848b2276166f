import { writeSync } from 'node:fs';
import { appendToJournal } from '../../src/audit/journal.ts';
import { systemHost } from '../../src/host.ts';

/** Writes one event to the journal, and then acts: a word on stdout. argv: folder of forge's state. */
const [, , state = ''] = process.argv;
const host = systemHost();
await appendToJournal(
  { ...host, directories: { ...host.directories, state } },
  { type: 'breakglass.session.opened', id: 'traced', environment: 'prod' },
);
writeSync(1, 'acted\n');
