import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askLine, factsOf, peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sven'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, forge, show } = peopleOf(() => sandbox);

async function steps(person: string, id: string): Promise<readonly string[]> {
  const { HOME = '' } = sandbox.environment({ person });
  const folder = join(HOME, '.local', 'state', 'forge', 'audit');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const lines = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8'))))
    .join('')
    .trim();
  return lines
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; id?: string })
    .flatMap((event) => (event.id === id ? [event.type] : []));
}

describe('what is typed', () => {
  it('tier 2 is decided by senior engineers, and by no manager', async () => {
    const asked = await ask('dana', { '--tier': '2', '--scenario': undefined, '--duration': '1h' });
    const refused = await approve('mia', asked.id);
    expect([refused.code, refusalOf(refused).code]).toEqual([5, 'ACCESS_DENIED']);
    expect(refusalOf(refused).hint).toContain('senior engineers');
    expect(factsOf(await approve('sven', asked.id))).toMatchObject({ status: 'granted', membership: 'made' });
  });

  it.each([
    [['--tier', '9'], 'UNKNOWN_TIER'],
    [['--tier', '1'], 'UNKNOWN_SCENARIO'],
    [['--tier', '3'], 'REASON_NEEDED'],
    [['--tier', '1', '--scenario', 'database'], 'TICKET_NEEDED'],
    [['--tier', '1', '--scenario', 'database', '--ticket', 'I-1'], 'REASON_NEEDED'],
    [['--tier', '1', '--scenario', 'database', '--ticket', 'I-1', '--reason', 'a\u202eb'], 'INVALID_REASON'],
    [
      ['--tier', '1', '--scenario', 'database', '--ticket', 'I-1', '--reason', 'x', '--duration', '3h'],
      'DURATION_NOT_ALLOWED',
    ],
    [[], 'TIER_NEEDED'],
  ])('%j is refused before anybody is asked: %s', async (options, code) => {
    const refused = await forge('dana', [...options, '--env', 'prod-wealth']);
    expect([refused.code, refusalOf(refused).code]).toEqual([2, code]);
  });

  it('every step is in the journal of whoever took it', async () => {
    const asked = await ask('dana', { '--scenario': 'database', '--reason': 'journal' });
    await approve('mia', asked.id);
    await forge('dana', ['resume', asked.id, '--', 'true']);
    expect(await steps('dana', asked.id)).toEqual([
      'breakglass.requested',
      'breakglass.session.opened',
      'breakglass.credentials',
      'breakglass.session.closed',
      'breakglass.ending',
      'breakglass.ended',
    ]);
    expect(await steps('mia', asked.id)).toEqual(['breakglass.approved', 'breakglass.granted']);
  });

  it('--plan says what each command would do, and does none of it', async () => {
    const asked = await ask();
    const before = sandbox.world.organisation.memberships.length;
    const plans = [['resume'], ['end'], ['show'], ['approve']].map(([name = '']) => [name, asked.id]);
    for (const args of [...plans, ['deny', asked.id], ['ticket', asked.id, 'INC-1'], ['list'], ['status']]) {
      const run = await forge('mia', [...args, '--plan']);
      expect(run.code, `${args.join(' ')}: ${run.stderr}`).toBe(0);
      expect(JSON.parse(run.stdout)).toMatchObject({ steps: expect.arrayContaining([expect.anything()]) });
    }
    expect(await show(asked.id)).toMatchObject({ status: 'waiting', approvedBy: [] });
    expect(sandbox.world.organisation.memberships.length).toBe(before);
  });

  it('--plan asks nobody and writes nothing', async () => {
    const before = await sandbox.admin.calls();
    const planned = await sandbox.forge([...askLine(), '--plan', '--output', 'json']);
    expect(planned.code, planned.stderr).toBe(0);
    expect(JSON.parse(planned.stdout)).toMatchObject({
      summary: expect.stringContaining('Forge-Prod-Database'),
    });
    expect(await sandbox.admin.calls()).toEqual(before);
  });
});
