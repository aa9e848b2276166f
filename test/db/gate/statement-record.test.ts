import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStatementRecord, type StatementRecord } from '../../../src/db/gate/statement-record.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';
import { statement } from '../guard/guard-stage.ts';

let host: TestHost;
let mounted: boolean;
const warned: string[] = [];

/** A disk of 64 KiB for what is recorded, where root may mount one. */
beforeEach(() => {
  host = createTestHost();
  warned.length = 0;
  mkdirSync(host.directories.state, { recursive: true, mode: 0o700 });
  const options = ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'none', host.directories.state];
  mounted = process.getuid?.() === 0 && spawnSync('mount', options).status === 0;
});
afterEach(() => {
  if (mounted) spawnSync('umount', ['-l', host.directories.state]);
  host.dispose();
});

const open = (demanded: boolean): Promise<StatementRecord> =>
  openStatementRecord(
    { host, output: { warn: (text) => void warned.push(text) } },
    { id: 'a1', breakglass: undefined },
    { mask: undefined, demanded },
  );

/** Some kilobytes each: the disk is full on the way. */
function say(record: StatementRecord, id: number): void {
  const one = statement(`select ${id}, '${'x'.repeat(3_000)}'`, { id });
  record.before(one)?.catch(() => {});
  record.put();
  const nothing = { tags: [], rows: 0, sqlState: undefined, milliseconds: 0 } as const;
  record.after({ statement: one, at: 0, end: 'done', transaction: 'idle', ...nothing });
}

it('on a disk that is full nothing stops where no record is demanded, and it is said once', async (context) => {
  if (!mounted) return context.skip('only root can mount a small disk');
  const record = await open(false);
  for (let id = 1; id <= 60; id++) say(record, id);
  expect(warned).toEqual([
    expect.stringMatching(/^Statements are no longer recorded\. .*the disk is full\.$/),
  ]);
  await record[Symbol.asyncDispose]();
});

it('on a disk that is full nothing may be sent any more where one is demanded', async (context) => {
  if (!mounted) return context.skip('only root can mount a small disk');
  const record = await open(true);
  let taken = 0;
  const fill = () => {
    while (taken < 60) say(record, ++taken);
  };
  expect(fill).toThrow('the disk is full');
  for (let count = 0; count < 3; count++) expect(() => say(record, 100)).toThrow('the disk is full');
  const path = join(host.directories.state, 'streams', 'a1', 'statements-a1.jsonl');
  const recorded = readFileSync(path, 'utf8').match(/"type":"statement"/g)?.length ?? 0;
  // What was not taken whole was not sent either; nothing that was is missing.
  expect(recorded).toBeGreaterThanOrEqual(taken - 1);
  await record[Symbol.asyncDispose]();
  expect(warned).toEqual([]);
});
