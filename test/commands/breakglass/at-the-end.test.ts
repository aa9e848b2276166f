import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultDocument, planSession } from '../../../src/sandbox/ssm/session-documents.ts';
import { peopleOf, refusalOf } from '../../support/break-glass-people.ts';
import { bundleScript } from '../../support/bundle-script.ts';
import { eventually } from '../../support/processes.ts';
import { keys } from '../../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** What is left to do when a session is over. */
let sandbox: TestSandbox;
let folder: string;
let opener: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'forge-end-'));
  sandbox = await startTestSandbox();
  [opener] = await Promise.all([
    bundleScript(join(import.meta.dirname, 'open-shell-worker.ts'), folder),
    ...['sam', 'dana', 'mia'].map((person) => sandbox.signIn(person)),
  ]);
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
const { ask, approve, forge } = peopleOf(() => sandbox);

/** What the intake has under such keys, by key. */
function intake(prefix: string, id: string): readonly string[] {
  const bucket = sandbox.world.organisation.buckets.find(({ name }) => name.includes('intake'));
  return [...(bucket?.objects ?? [])]
    .filter(([key]) => key.startsWith(`${prefix}/`) && key.includes(id))
    .map(([, [version]]) => version?.body.toString() ?? '');
}

const evidence = (id: string) =>
  intake('evidence', id)
    .flatMap((text) => text.split('\n').filter(Boolean))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

const emergency = (...command: readonly string[]) =>
  ['breakglass', '--tier', '0', '--env', 'prod-wealth', '--reason', 'site down', ...command] as const;

const instance = () =>
  sandbox.world.organisation.instances.find(
    ({ account, tags }) => account === '333333333333' && tags.Name === 'worker',
  )?.id ?? '';

describe('Session Manager, at the end of a session', () => {
  const openShells = () =>
    [...sandbox.world.ssm.sessions.values()].filter(({ endedAt }) => endedAt === undefined);

  it('what its role left open is ended, also what the AWS CLI or an SDK opened; what is another’s is not', async () => {
    const { ssm, userKeys, organisation } = sandbox.world;
    const target = organisation.instances.find(({ id }) => id === instance());
    if (target === undefined) throw new Error('no instance');
    const plan = planSession(defaultDocument, new Map());
    const wish = { instance: target, document: defaultDocument, plan, reason: undefined };
    const other = ssm.start(userKeys('ci'), wish);
    const run = await sandbox.forge(
      emergency('--ticket', 'INC-1', '--', process.execPath, opener, instance()),
      { person: 'sam' },
    );
    expect(run.code, run.stderr).toBe(0);
    const id = /opened (\S+)/.exec(run.stdout)?.[1] ?? 'none';
    expect(sandbox.world.ssm.sessions.get(id)?.endedAt).toBeDefined();
    expect(run.stderr).toContain(`1 session of Session Manager ended: ${id}.`);
    expect(openShells()).toEqual([other]);
    ssm.terminate(other, '');
  });

  it('what AWS does not answer in time is said, and nobody waits for it', async () => {
    await sandbox.admin.fault({ service: 'ssm', operation: 'DescribeSessions', delayMs: 20_000, times: 5 });
    const run = await sandbox.forge(
      emergency('--ticket', 'INC-1', '--', process.execPath, opener, instance()),
      { person: 'sam' },
    );
    await sandbox.admin.clearFaults();
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain(
      'Sessions of Session Manager could not be ended from here (no answer in time)',
    );
    expect(run.durationMs).toBeLessThan(15_000);
    for (const session of openShells()) sandbox.world.ssm.terminate(session, '');
  });
});

describe('the summary', () => {
  it('is asked for once the access is given back; an editor writes it; Ctrl-C loses nothing', async () => {
    const asked = await ask();
    await approve('mia', asked.id);
    const editor = join(folder, 'my editor.sh');
    writeFileSync(
      editor,
      '#!/bin/sh\ncp "$2" "$1"; ls -l "$2" | cut -c1-10 > "$1.mode"; printf "restarted the worker\\nqueue is empty\\n# gone\\n" > "$2"\n',
      { mode: 0o700 },
    );
    const copy = join(folder, 'template');
    using terminal = await sandbox.pty(['breakglass', 'resume', asked.id, '--', 'true'], {
      env: { VISUAL: `"${editor}" ${copy}` },
    });
    await terminal.waitFor(/out of its group/);
    await terminal.waitFor(/What was done\?/);
    terminal.write(`e${keys.enter}`);
    await terminal.waitFor(/The summary is in the record of bg-/);
    expect(await terminal.exit).toBe(0);
    expect(evidence(asked.id)).toContainEqual(
      expect.objectContaining({
        type: 'breakglass.summary',
        summary: 'restarted the worker\nqueue is empty',
      }),
    );
    const template = readFileSync(copy, 'utf8');
    expect(template).toMatch(/^# BG-\w+, tier 1 on prod-wealth$/m);
    expect(template).toMatch(/^# Ticket: INC-123$/m);
    expect(readFileSync(`${copy}.mode`, 'utf8')).toBe('-rw-------\n');
  });

  it('can be given later, to what has ended in other words too, and Ctrl-C at the question means later', async () => {
    const asked = await ask('dana', { '--scenario': 'instance' });
    await approve('mia', asked.id);
    using terminal = await sandbox.pty(['breakglass', 'resume', asked.id, '--', 'sh', '-c', 'exit 3']);
    await terminal.waitFor(/What was done\?/);
    expect(intake('ends', asked.id)).toHaveLength(1);
    terminal.write(keys.ctrlC);
    await terminal.waitFor(/not on record yet: forge breakglass end bg-\w+ --summary/);
    expect(await terminal.exit).toBe(3);
    const later = await forge('dana', ['end', asked.shortId, '--summary', 'disk was full']);
    expect(later.code, later.stderr).toBe(0);
    expect(evidence(asked.id)).toContainEqual(
      expect.objectContaining({ type: 'breakglass.summary', summary: 'disk was full' }),
    );
  });

  it('of a script is an option, goes into the document of the end, and is read when that comes', async () => {
    const asked = await ask('dana', { '--scenario': 'kubernetes' });
    await approve('mia', asked.id);
    const file = join(folder, 'summary.md');
    const write = ['sh', '-c', `printf '# Done\\nscaled to 4\\n' > ${file}`];
    const resume = ['resume', asked.id, '--summary-file', file];
    expect(refusalOf(await forge('dana', [...resume, '--summary', 'x', '--', 'true'])).code).toBe('USAGE');
    const run = await forge('dana', [...resume, '--', ...write]);
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(intake('ends', asked.id)[0] ?? '')).toMatchObject({ summary: '# Done\nscaled to 4' });
    expect(run.stderr).not.toContain('not on record');
  });
});

describe('more time', () => {
  it('reaches the shell that is open: asked for inside of it, approved, and all of it is given back with it', async () => {
    const asked = await ask('dana', { '--scenario': 'console' });
    await approve('mia', asked.id, '--duration', '1h');
    using terminal = await sandbox.pty(['breakglass', 'resume', asked.id], { env: { SHELL: '/bin/bash' } });
    await terminal.waitFor(/BREAK-GLASS tier 1 prod-wealth (?:59|60) min\]/);
    terminal.write(`forge breakglass extend ${asked.shortId} --duration 2h --reason more${keys.enter}`);
    const [, more = ''] = await terminal.waitFor(/forge breakglass approve (BG-\w+)/);
    await approve('mia', more);
    await terminal.waitFor(/Break-glass on prod-wealth goes on until \d\d:\d\d \((?:2 h|1 h 59 min)\)/);
    terminal.write(keys.enter);
    await terminal.waitFor(/BREAK-GLASS tier 1 prod-wealth 1[12]\d min\]/);
    terminal.write(`exit${keys.enter}`);
    await terminal.waitFor(/You (?:are|were) out of its group[\s\S]*What was done\?/);
    terminal.write(keys.enter);
    expect(await terminal.exit).toBe(0);
    expect([intake('ends', asked.id).length, intake('ends', more).length]).toEqual([1, 1]);
  });
});

describe('the ticket of tier 0', () => {
  const remembered = () =>
    join(sandbox.environment({ person: 'sam' }).HOME ?? '', '.local/state/forge/breakglass/tickets.json');

  it('is asked for at the end, missed by every command, and given later', async () => {
    using terminal = await sandbox.pty(emergency('--', 'true'), { person: 'sam' });
    await terminal.waitFor(/Ticket of the incident/);
    terminal.write(keys.enter);
    const [, short = ''] = await terminal.waitFor(/The ticket of (bg-\w+) \(tier 0, prod-wealth\) is due in/);
    await terminal.waitFor(/What was done\?/);
    terminal.write(`failed over${keys.enter}`);
    await terminal.waitFor(/The summary is in the record/);
    expect(await terminal.exit).toBe(0);
    const list = await sandbox.forge(['breakglass', 'list'], { person: 'sam' });
    expect(list.stderr).toContain(`forge breakglass ticket ${short} <ticket>`);
    const wrong = await forge('sam', ['ticket', short, 'x\u202e']);
    expect(refusalOf(wrong).code).toBe('INVALID_TICKET');
    // The access account is out of reach: it is kept, and nobody is reminded any more.
    await sandbox.admin.fault({
      service: 's3',
      operation: 'PutObject',
      status: 503,
      error: 'SlowDown',
      times: 9,
    });
    const given = await sandbox.forge(['breakglass', 'ticket', short, 'INC-9'], {
      person: 'sam',
      env: { AWS_MAX_ATTEMPTS: '1' },
    });
    await sandbox.admin.clearFaults();
    expect(given.code, given.stderr).toBe(0);
    expect(given.stderr).toContain('the next forge breakglass command takes it');
    const next = await sandbox.forge(['breakglass', 'list'], { person: 'sam' });
    expect(next.stderr).not.toContain('forge breakglass ticket');
    const again = await forge('sam', ['end', short, '--summary', 'and back']);
    expect(again.code, again.stderr).toBe(0);
    const id = short.slice(3).toUpperCase();
    expect(evidence(id)).toContainEqual(
      expect.objectContaining({ type: 'breakglass.summary', summary: 'and back' }),
    );
    expect(refusalOf(await forge('sam', ['end', short])).code).toBe('NO_SUCH_REQUEST');
    await eventually(async () => evidence(id).some(({ type }) => type === 'breakglass.ticket'));
    expect(evidence(id)).toContainEqual(
      expect.objectContaining({ type: 'breakglass.ticket', ticket: 'INC-9' }),
    );
    expect(evidence(id)).toContainEqual(
      expect.objectContaining({ type: 'breakglass.summary', summary: 'failed over' }),
    );
    expect(JSON.parse(readFileSync(remembered(), 'utf8'))).toEqual({ v: 1, due: [] });
  });

  it('is not missed where it was named', async () => {
    const run = await sandbox.forge(emergency('--ticket', 'INC-2', '--summary', 'looked', '--', 'true'), {
      person: 'sam',
    });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toMatch(/ticket of|not on record/);
    expect(existsSync(remembered())).toBe(true);
    expect(JSON.parse(readFileSync(remembered(), 'utf8'))).toEqual({ v: 1, due: [] });
  });
});

describe('forge breakglass webhook', () => {
  const address = 'https://hooks.example.com/services/T0/B0/not-for-everybody';

  it('takes no address as an argument or unencrypted, and shows none', async () => {
    const webhook = (args: readonly string[], stdin = '', variable: string | undefined = undefined) =>
      sandbox.forge(['breakglass', 'webhook', '--output', 'json', ...args], {
        stdin,
        env: { FORGE_SLACK_WEBHOOK: variable },
      });
    const typed = await webhook([address]);
    const wrong = await webhook(['set'], 'http://example.com/some');
    expect([typed, wrong].map((run) => [run.code, refusalOf(run).code])).toEqual([
      [2, 'USAGE'],
      [2, 'INVALID_WEBHOOK'],
    ]);
    const none = await webhook([]);
    expect(JSON.parse(none.stdout)).toEqual({ known: false, variable: false, keychain: null });
    const variable = await webhook(['show'], '', address);
    expect(JSON.parse(variable.stdout)).toEqual({ known: true, variable: true, keychain: null });
    const removed = await webhook(['remove']);
    expect(JSON.parse(removed.stdout)).toMatchObject({ known: false });
    for (const { stdout, stderr } of [typed, wrong, none, variable, removed])
      expect(stdout + stderr).not.toMatch(/not-for-everybody|example\.com/);
  });
});
