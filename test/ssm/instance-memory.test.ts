import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { recallUses, rememberUse } from '../../src/ssm/instance-memory.ts';
import { createOutput } from '../../src/terminal/output.ts';
import { createTestHost } from '../support/test-host.ts';

const day = 24 * 3_600_000;

function start() {
  const host = createTestHost();
  onTestFinished(() => host.dispose());
  const output = createOutput(host, { format: undefined, quiet: false, debug: true });
  const file = join(host.directories.state, 'instances-used.json');
  return { host, file, use: (id: string, region = 'us-east-1') => rememberUse({ host, output }, region, id) };
}

describe('what was used', () => {
  it('weighs how often and how lately, of one region, in a file for its owner alone', async () => {
    const { host, file, use } = start();
    for (const id of ['i-often', 'i-often', 'i-often', 'i-once']) await use(id);
    await use('i-elsewhere', 'eu-west-1');
    const uses = await recallUses(host, 'us-east-1');
    expect([...uses.keys()].sort()).toEqual(['i-often', 'i-once']);
    expect(uses.get('i-often')).toBeCloseTo(3);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    host.shiftClock(28 * day);
    await use('i-new');
    const later = await recallUses(host, 'us-east-1');
    expect(later.get('i-new')).toBeGreaterThan(later.get('i-often') ?? 0);
  });

  it.each([
    '',
    'no json',
    '[]',
    'null',
    '{"us-east-1 i-a":{"weight":"x","at":1}}',
    '{"a":{"weight":-1,"at":0}}',
  ])('is nothing for a file that holds %j, and using one mends it', async (content) => {
    const { host, file, use } = start();
    await mkdir(host.directories.state, { recursive: true, mode: 0o700 });
    await writeFile(file, content, { mode: 0o600 });
    expect((await recallUses(host, 'us-east-1')).size).toBe(0);
    await use('i-a');
    expect((await recallUses(host, 'us-east-1')).size).toBe(1);
  });

  it('keeps five hundred at most', async () => {
    const { host, file, use } = start();
    const many = Object.fromEntries(
      Array.from({ length: 700 }, (_, index) => [`us-east-1 i-${index}`, { weight: 1, at: host.now() }]),
    );
    await mkdir(host.directories.state, { recursive: true, mode: 0o700 });
    await writeFile(file, JSON.stringify(many), { mode: 0o600 });
    await use('i-new');
    expect(Object.keys(JSON.parse(await readFile(file, 'utf8')))).toHaveLength(500);
  });

  it('fails nothing where it cannot be written', async () => {
    const { host, use } = start();
    await mkdir(join(host.directories.state, '..'), { recursive: true });
    await writeFile(host.directories.state, 'a file');
    await use('i-a');
    expect(host.err()).toContain('not remembered');
  });
});
