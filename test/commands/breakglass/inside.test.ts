import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundaryDocument } from '../../../src/breakglass/protocol/boundary.ts';
import { revocationsArn } from '../../../src/sandbox/break-glass/arns.ts';
import { askLine, peopleOf } from '../../support/break-glass-people.ts';
import { eventually } from '../../support/processes.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** From refused to in: what the access is for. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'noor'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve } = peopleOf(() => sandbox);

/** As the revoker would for another access of hers: all that Dana has until now. Answers when newer keys are newer. */
async function cutKeys(issuedBy = 'Forge-Prod-Database'): Promise<void> {
  const { world } = sandbox;
  const policy = world.organisation.customerPolicies.get(revocationsArn('333333333333'));
  const dana = world.organisation.people.find(({ nickname }) => nickname === 'dana');
  if (policy === undefined || dana === undefined) throw new Error('not in the seed');
  const now = world.now();
  const text = boundaryDocument([{ who: dana.id, at: now, only: { issuedBy } }], now);
  const number = policy.nextVersion;
  policy.versions.push({ number, text, document: JSON.parse(text), createdAt: now });
  Object.assign(policy, { defaultVersion: number, nextVersion: number + 1 });
  // Cuts are whole seconds, rounded up; so are the times of keys, rounded down.
  await eventually(async () => Math.floor(world.now() / 1_000) > Math.ceil(now / 1_000));
}

describe('in', () => {
  it('the line that a refusal names leads to the database', async () => {
    const query = ['db', 'query', 'prod-wealth', 'select current_user', '--output', 'csv'];
    const refused = await sandbox.forge(query);
    expect(refused.code).toBe(5);
    const page = await sandbox.forge(['console', 'prod-wealth']);
    expect([page.code, page.stdout]).toEqual([5, '']);
    expect(page.stderr).toContain('--scenario console --env prod-wealth');
    const asked = await ask();
    expect((await approve('mia', asked.id)).code).toBe(0);
    const run = await sandbox.forge(['breakglass', 'resume', asked.id, '--', 'forge', ...query]);
    expect(run.stdout, run.stderr).toBe('current_user\nforge_ro\n');
    expect(run.code).toBe(0);
    expect((await sandbox.forge(query)).code).toBe(5);
  });

  it('denied, asked for, approved and in: one command', async () => {
    const query = ['db', 'query', 'prod-cash', 'select 40 + 2 as answer', '--output', 'csv'];
    using terminal = await sandbox.pty(query, {});
    await terminal.waitFor(
      /No one has standing access to prod-cash\. Ask for break-glass access \(database\) now\?/,
    );
    terminal.write('y\r');
    // What is wrong is said, and asked for anew.
    await terminal.waitFor(/Ticket of the incident/);
    terminal.write('\r');
    await terminal.waitFor(/The ticket is empty[\s\S]*Ticket of the incident/);
    terminal.write('INC-77\r');
    await terminal.waitFor(/Why is it needed\?/);
    terminal.write('\r');
    await terminal.waitFor(/The reason is empty[\s\S]*Why is it needed\?/);
    terminal.write('balances differ\r');
    const [, id = ''] = await terminal.waitFor(/forge breakglass approve (BG-\w+)/);
    const shown = await approve('mia', id);
    expect(shown.stderr).toMatch(/tier 1, database in prod-cash/);
    expect(shown.stderr).toContain('balances differ');
    await terminal.waitFor(/answer\s+42/, { timeoutMs: 30_000 });
    await terminal.waitFor(/What was done\?/);
    terminal.write('compared them\r');
    expect(await terminal.exit).toBe(0);
  });

  it('denied, and not asked for: the refusal and its line stand', async () => {
    // Others have standing access there: who has none reads how to ask for it before what else is missing.
    const without = await sandbox.forge(['exec', 'prod-wealth', '--', 'true']);
    expect([without.code, without.stderr]).toEqual([5, expect.stringContaining('forge breakglass --tier 1')]);
    using terminal = await sandbox.pty(['ssm', 'run', 'prod-cash/web', '--', 'uptime'], {});
    await terminal.waitFor(/Ask for break-glass access \(instance\) now\?/);
    terminal.write('n\r');
    await terminal.waitFor(/forge breakglass --tier 1 --scenario instance --env prod-cash/);
    expect(await terminal.exit).toBe(5);
  });

  it('keys that another access’s end has cut are renewed on the way', async () => {
    const asked = await ask();
    expect((await approve('mia', asked.id)).code).toBe(0);
    const query = "forge db query prod-wealth 'select 40 + 2 as answer' --output csv";
    const script = `echo rea""dy; read x; ${query}`;
    using terminal = await sandbox.pty(['breakglass', 'resume', asked.id, '--', 'sh', '-c', script]);
    await terminal.waitFor(/ready/);
    await cutKeys();
    const before = sandbox.world.events.all().length;
    terminal.write('\r');
    await terminal.waitFor(/answer\s+42/);
    const assumed = sandbox.world.events
      .all()
      .slice(before)
      .filter(({ name, principal }) => name === 'AssumeRole' && principal?.includes('dana@') === true);
    expect(assumed.map(({ errorCode }) => errorCode).slice(0, 2)).toEqual(['AccessDenied', undefined]);
    await terminal.waitFor(/What was done\?/);
    terminal.write('\r');
    expect(await terminal.exit).toBe(0);
  });

  it('… also where they are used without a role in between: an instance, a cluster', async () => {
    const before = await ask('dana', { '--scenario': 'kubernetes' });
    await approve('mia', before.id);
    expect((await sandbox.forge(['breakglass', 'resume', before.id, '--', 'true'])).code).toBe(0);
    for (const [scenario, issuedBy, line, answer] of [
      ['instance', 'Forge-Prod-Instance', "ssm run prod-wealth/web-1 -- 'echo $((40 + 2))'", /42\r?\n/],
      ['kubernetes', 'Forge-Prod-Kubernetes', 'kube exec prod-wealth -- echo inside', /inside\r?\n/],
    ] as const) {
      const asked = await ask('dana', { '--scenario': scenario });
      await approve('mia', asked.id);
      const script = `echo rea""dy; read x; forge ${line}`;
      using terminal = await sandbox.pty([
        ...['breakglass', 'resume', asked.id, '--summary', 'looked', '--', 'sh', '-c', script],
      ]);
      await terminal.waitFor(/ready/);
      await cutKeys(issuedBy);
      terminal.write('\r');
      await terminal.waitFor(/ended a moment ago[\s\S]*trying once more/);
      await terminal.waitFor(answer);
      expect(await terminal.exit, line).toBe(0);
    }
  });

  it('ended from another terminal: what runs in it is gone, and that is no failure', async () => {
    const asked = await ask('dana', { '--scenario': 'kubernetes' });
    await approve('mia', asked.id);
    using terminal = await sandbox.pty([
      'breakglass',
      'resume',
      asked.id,
      '--',
      'sh',
      '-c',
      'forge whoami; forge whoami --output json; echo run""ning; sleep 600',
    ]);
    await terminal.waitFor(/BREAK-GLASS bg-\w+: tier 1 on prod-wealth, until/);
    await terminal.waitFor(/prod-wealth \(333333333333\) as Forge-Prod-Kubernetes/);
    await terminal.waitFor(/"environment": "prod-wealth",\s+"endsAt": "2/);
    await terminal.waitFor(/running/);
    const ended = await sandbox.forge(['breakglass', 'end', asked.shortId, '--output', 'json']);
    expect(JSON.parse(ended.stdout)).toMatchObject({ sessionsEnded: 1 });
    await terminal.waitFor(/has ended: it was ended/);
    await terminal.waitFor(/What was done\?/);
    terminal.write('\r');
    expect(await terminal.exit).toBe(0);
  });

  it('what an instance of production shows is recorded, and what can not be recorded is not opened', async () => {
    const asked = await ask('dana', { '--scenario': 'instance', '--env': 'prod-cash' });
    expect((await approve('mia', asked.id)).code).toBe(0);
    const home = await sandbox.newHome();
    const state = join(home, '.local', 'state');
    const inside = (...words: string[]) =>
      sandbox.forge(['breakglass', 'resume', asked.id, '--keep', '--', ...words], {
        env: { XDG_STATE_HOME: state },
      });
    const run = await inside(
      'forge',
      'ssm',
      'run',
      'prod-cash/web-1',
      '--',
      'echo "on: stdout"; echo err >&2',
    );
    expect(run.stdout, run.stderr).toBe('on: stdout\n');
    // Nobody has standing access there: the doctor asks with what the grant gives.
    const { findings } = JSON.parse((await inside('forge', 'doctor', '--output', 'json')).stdout);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'session documents (prod-cash)', verdict: 'ok' }),
    );
    const replay = (...more: string[]) =>
      sandbox.forge(['audit', 'replay', asked.shortId, ...more], { env: { XDG_STATE_HOME: state } });
    const played = await replay();
    expect(played.stdout.split('\n').sort(), played.stderr).toEqual(['', 'err', 'on: stdout']);
    expect(JSON.parse((await replay('--output', 'json')).stdout)).toMatchObject({
      breakglass: asked.id,
      title: 'forge ssm run prod-cash/web-1',
      ended: true,
      matches: true,
    });
    // What the auditor has of it is what was delivered when the session ended.
    const archived = () =>
      sandbox.forge(['audit', 'replay', '--archive', asked.shortId, '--output', 'json'], { person: 'noor' });
    await expect.poll(async () => (await archived()).code, { timeout: 20_000, interval: 300 }).toBe(0);
    expect(JSON.parse((await archived()).stdout)).toMatchObject({ breakglass: asked.id, matches: true });
    const plugin = await inside('forge', 'ssm', 'prod-cash/web-1', '--transport', 'plugin');
    expect(plugin.code).toBe(5);
    expect(plugin.stderr).toContain('A shell in prod-cash is recorded');
    // A file where the recordings of this session would be.
    const streams = join(state, 'forge', 'streams', asked.id);
    rmSync(streams, { recursive: true });
    writeFileSync(streams, '');
    const refused = await inside('forge', 'ssm', 'run', 'prod-cash/web-1', '--', 'echo not seen');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain("Can't open a shell without a recording of it.");
  });

  it('at a terminal: a shell whose prompt says so, and exit gives the access back', async () => {
    using terminal = await sandbox.pty([...askLine({ '--scenario': 'console' })], {
      env: { SHELL: '/bin/bash' },
    });
    const [, id = ''] = await terminal.waitFor(/forge breakglass approve (BG-\w+)/);
    await terminal.waitFor(/Waiting for the approval/);
    await approve('mia', id, '--note', 'be quick');
    await terminal.waitFor(/mia@tapp\.example: be quick/);
    await terminal.waitFor(/BREAK-GLASS tier 1 prod-wealth/, { timeoutMs: 30_000 });
    terminal.write('forge breakglass --tier 2 --env prod-cash --ticket I-1 --reason nested\r');
    await terminal.waitFor(/already/);
    // The page of what was granted, not of the standing permission set, which dana does not hold.
    terminal.write('forge console prod-wealth --print\r');
    await terminal.waitFor(/account_id=333333333333&role_name=Forge-Prod-Console\s/);
    terminal.write('exit\r');
    await terminal.waitFor(/out of its group[\s\S]*What was done\?/);
    terminal.write('\r');
    await terminal.exit;
  });
});
