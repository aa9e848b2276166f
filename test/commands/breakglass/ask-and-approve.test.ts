import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askLine, factsOf, peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, forge, show } = peopleOf(() => sandbox);

/** The revoker, which hears of the end too, may have been faster. */
const outOfIt = expect.stringMatching(/^(?:removed|gone)$/) as string;

describe('asking and approving', () => {
  it('request → approve → the role can be used → given back', async () => {
    const asked = await ask();
    expect(asked).toMatchObject({ status: 'waiting', approve: `forge breakglass approve ${asked.id}` });
    const approved = await approve('mia', asked.shortId, '--note', 'read only, please');
    expect(approved.code, approved.stderr).toBe(0);
    expect(approved.stderr).toMatch(/Dana Whitfield, dana@tapp\.example/);
    expect(factsOf(approved)).toMatchObject({ status: 'granted', membership: 'made' });
    const echo = ['sh', '-c', 'echo $AWS_CONTAINER_CREDENTIALS_FULL_URI $FORGE_ENV'];
    const used = await sandbox.forge(['breakglass', 'resume', asked.shortId, '--', ...echo]);
    expect(used.stderr).toContain('mia@tapp.example: read only, please');
    expect(used.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\S+ prod-wealth$/m);
    expect(used.stderr).toMatch(/You (?:are|were) out of its group/);
    expect(used.code).toBe(0);
    const again = await forge('dana', ['resume', asked.shortId, '--', 'true']);
    expect([again.code, refusalOf(again).code]).toEqual([7, 'REQUEST_ENDED']);
  });

  it('waits at a terminal, outlives Ctrl-C, and goes on from another machine', async () => {
    const terminal = await sandbox.pty([...askLine({ '--reason': 'waiting' })], { person: 'dana' });
    await terminal.waitFor(/Waiting for the approval of bg-/);
    const id = /forge breakglass approve (BG-\w+)/.exec(terminal.text())?.[1] ?? '';
    terminal.write('\x03');
    expect(await terminal.exit).toBe(130);
    expect(terminal.text()).toContain('The request stands. Go on with: forge breakglass resume bg-');
    const home = await sandbox.newHome();
    await sandbox.signIn('dana', { home });
    const waiting = sandbox.forge(['breakglass', 'resume', id, '--wait', '--', 'true'], {
      person: 'dana',
      home,
    });
    expect((await approve('mia', id)).code).toBe(0);
    expect(await waiting).toMatchObject({ code: 0 });
  });

  it('is listed while it is open, shown by its short id, and given back', async () => {
    const asked = await ask('dana', { '--scenario': 'instance' });
    const ids = async (person: string, ...args: string[]) =>
      (JSON.parse((await forge(person, args)).stdout) as { id: string }[]).map(({ id }) => id);
    expect(await ids('mia', 'list')).toContain(asked.id);
    expect(await ids('dana', 'status')).toContain(asked.id);
    expect(await ids('mia', 'status')).not.toContain(asked.id);
    await approve('mia', asked.id, '--duration', '1h');
    expect(await show(asked.shortId)).toMatchObject({ status: 'granted' });
    const table = await sandbox.forge(['breakglass', 'list'], { person: 'mia' });
    expect(table.stdout).toMatch(
      /granted +dana@tapp\.example +1 instance +prod-wealth +until \d\d:\d\d \((?:1 h|59 min)\)/,
    );
    const foreign = await forge('mia', ['end', asked.id]);
    expect(refusalOf(foreign).code).toBe('NOT_YOURS');
    const ended = await forge('dana', ['end', asked.shortId, '--summary', 'restarted the worker']);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'ended', membership: outOfIt });
    expect(JSON.parse((await forge('dana', ['end', asked.shortId])).stdout)).toMatchObject({
      membership: 'gone',
    });
    expect(await ids('mia', 'list')).not.toContain(asked.id);
    expect(await ids('mia', 'list', '--all')).toContain(asked.id);
  });

  it('more time is asked for like the first, and one membership carries both', async () => {
    const first = await ask('dana', { '--scenario': 'kubernetes' });
    await approve('mia', first.id);
    const more = await forge('dana', ['extend', first.shortId, '--reason', 'restore runs']);
    expect(more.code).toBe(8);
    const second = factsOf(more);
    expect(second).toMatchObject({ status: 'waiting', extends: first.id, ticket: 'INC-123' });
    expect(factsOf(await approve('mia', second.id))).toMatchObject({
      status: 'granted',
      membership: 'there',
    });
    expect(JSON.parse((await forge('dana', ['end', first.id])).stdout)).toMatchObject({
      membership: 'shared',
    });
    const still = await forge('dana', ['resume', second.id, '--keep', '--', 'sh', '-c', 'echo in']);
    expect([still.stdout, still.code]).toEqual(['in\n', 0]);
    expect(JSON.parse((await forge('dana', ['end', second.id])).stdout)).toMatchObject({
      membership: outOfIt,
    });
    // Dozens of calls at once listen for Ctrl-C, and Node takes that for a leak: nobody has to read of it.
    const all = await forge('dana', ['list', '--all']);
    expect([all.code, all.stderr]).toEqual([0, '']);
  });
});
