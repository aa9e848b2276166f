import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  forgetSpooled,
  hasSpooled,
  listSpooled,
  spool,
  spoolFolder,
} from '../../../src/breakglass/evidence/spool.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

let host: TestHost;
beforeEach(() => {
  host = createTestHost();
});
afterEach(() => host.dispose());

const slack = (text: string) => ({ kind: 'slack', text }) as const;

describe('what is still to be told', () => {
  it('is on the disk, for its owner alone, in the order in which it was said', async () => {
    expect(hasSpooled(host)).toBe(false);
    expect(await listSpooled(host)).toEqual([]);
    const object = {
      kind: 'object',
      bucket: 'intake',
      key: 'evidence/a/b/000000.jsonl',
      text: 'Zürich\n',
    } as const;
    await spool(host, object);
    host.shiftClock(1_000);
    await spool(host, slack('second'));
    expect((await listSpooled(host)).map(({ item }) => item)).toEqual([object, slack('second')]);
    for (const name of readdirSync(spoolFolder(host)))
      expect(statSync(join(spoolFolder(host), name)).mode & 0o777).toBe(0o600);
    for (const one of await listSpooled(host)) forgetSpooled(one);
    expect(hasSpooled(host)).toBe(false);
    // Twice: another forge was faster.
    for (const one of await listSpooled(host)) forgetSpooled(one);
  });

  it('fifty at once: none is lost', async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => spool(host, slack(String(index)))));
    expect(new Set((await listSpooled(host)).map(({ item }) => item.text)).size).toBe(50);
  });

  it('passes by what is torn, foreign or open to others, and leaves it where it is', async () => {
    mkdirSync(spoolFolder(host), { recursive: true, mode: 0o700 });
    const files: readonly (readonly [string, string, number])[] = [
      ['000000000000001-aaaaaaaaaaaa.json', '{"v":1,"kind":"slack","te', 0o600],
      ['000000000000002-aaaaaaaaaaaa.json', '{"v":2,"kind":"slack","text":"x"}', 0o600],
      ['000000000000003-aaaaaaaaaaaa.json', '{"v":1,"kind":"object","text":"x"}', 0o600],
      ['000000000000004-aaaaaaaaaaaa.json', JSON.stringify({ v: 1, ...slack('open') }), 0o644],
      ['notes.json', JSON.stringify({ v: 1, ...slack('other') }), 0o600],
    ];
    for (const [name, text, mode] of files) writeFileSync(join(spoolFolder(host), name), text, { mode });
    expect(await listSpooled(host)).toEqual([]);
    expect(readdirSync(spoolFolder(host))).toHaveLength(5);
    await spool(host, slack('good'));
    expect(await listSpooled(host)).toHaveLength(1);
    expect(readFileSync((await listSpooled(host))[0]?.path ?? '', 'utf8')).toContain('good');
  });
});
