import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { archiveBucket, offlineUserName } from '../../../src/sandbox/break-glass/arns.ts';
import { totpCode, totpStep, totpStepMs } from '../../../src/sandbox/totp.ts';
import { type BitwardenStandIn, createBitwarden } from '../../support/bitwarden-stand-in.ts';
import { refusalOf } from '../../support/break-glass-people.ts';
import type { Terminal } from '../../support/pty.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
let bitwarden: BitwardenStandIn;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn('sam');
  // What sam did when going on call.
  expect((await sandbox.forge(['breakglass', 'status'], { person: 'sam' })).code).toBe(0);
  bitwarden = await createBitwarden(await sandbox.newHome(), offlineUserName, keyOf());
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

let sessionId = '';
const records = () =>
  [...(sandbox.world.organisation.buckets.find(({ name }) => name === archiveBucket)?.objects ?? [])].flatMap(
    ([key, versions]) => {
      const parsed = parseRecord(versions.at(-1)?.body ?? new Uint8Array());
      return parsed.ok && key.startsWith('sessions/EV-') ? [parsed.value] : [];
    },
  );
async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 30_000) throw new Error(`not within 30 s: ${JSON.stringify(records())}`);
    await sleep(50);
  }
}
afterEach(async () => {
  sandbox.world.setClockOffset(0);
  await sandbox.admin.clearFaults();
});
const user = () => {
  const found = sandbox.world.organisation.users.find(({ name }) => name === offlineUserName);
  if (found?.mfa === undefined) throw new Error('no user');
  return { ...found, mfa: found.mfa };
};
/** The newest key that works. */
const keyOf = () => {
  const { keys } = sandbox.world;
  const found = keys
    .all()
    .findLast(
      ({ accessKeyId, principal, sessionToken }) =>
        sessionToken === undefined &&
        principal.kind === 'user' &&
        principal.user.name === offlineUserName &&
        keys.isActive(accessKeyId),
    );
  if (found === undefined) throw new Error('no key');
  return found;
};
/** A code that was not used yet: that of now, else of the next step, which AWS takes a little early. */
async function freshCode(): Promise<string> {
  const used = sandbox.world.usedMfaSteps.get(user().mfa.serialNumber) ?? -1;
  for (;;) {
    const step = Math.max(totpStep(sandbox.world.now()), used + 1);
    if (step <= totpStep(sandbox.world.now()) + 1) return totpCode(user().mfa.secret, step);
    await sleep(totpStepMs / 30);
  }
}
const line = [
  'breakglass',
  '--tier',
  '3',
  '--people',
  'sam,sven',
  '--env',
  'prod-wealth',
  '--reason',
  'IdC down',
];
const identityCenter = ['sso', 'sso-oidc', 'signin', 'identitystore', 's3'];
/** What forge called of them; the recorder, at work beside it, reads buckets. */
const identityCenterCalls = () =>
  sandbox.world.events
    .all()
    .filter(
      ({ service, userAgent }) =>
        identityCenter.includes(service) && !userAgent?.includes('forge-breakglass-'),
    ).length;
/** Whole services that answer nobody, until faults are cleared. */
const takeDown = async () => {
  for (const service of identityCenter)
    await sandbox.admin.fault({ service, operation: '*', drop: true, times: 10_000 });
};
const withVault = (env: Record<string, string> = {}) => {
  const { PATH = '' } = sandbox.environment({ person: 'sam' });
  return { person: 'sam', env: { PATH: `${bitwarden.folder}:${PATH}`, SHELL: '/bin/sh', ...env } };
};
async function state(): Promise<string> {
  const { HOME = '' } = sandbox.environment({ person: 'sam' });
  const folder = join(HOME, '.local', 'state', 'forge');
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
}
async function enterCode(terminal: Terminal): Promise<void> {
  await terminal.waitFor(/sven, the code of arn:aws:iam::999999999999:mfa\/\S+ \(good once\)/);
  terminal.write(`${await freshCode()}\r`);
}

describe('tier 3', () => {
  it('opens by two people while Identity Center, the portal and the intake are down, and asks nothing of them', async () => {
    await takeDown();
    const before = identityCenterCalls();
    using terminal = await sandbox.pty(
      [
        ...line,
        '--ticket',
        'INC-3',
        '--',
        'sh',
        '-c',
        'echo in $FORGE_ENV, vault $(env | grep -c BW_SESSION); forge db query prod-wealth "select 40 + 2" --output csv; read x',
      ],
      withVault({ BW_SESSION: '', VISUAL: 'sed -i -e "1i written at length"' }),
    );
    await terminal.waitFor(/Master password of Bitwarden/);
    terminal.write(`${bitwarden.password}\r`);
    await terminal.waitFor(/code of .*good once/);
    terminal.write('000000\r');
    await terminal.waitFor(/did not take this code/);
    await enterCode(terminal);
    await terminal.waitFor(/in prod-wealth, vault 0/);
    await terminal.waitFor(/\b42\b/);
    expect(identityCenterCalls()).toBe(before);
    await sandbox.admin.clearFaults();
    terminal.write('\r');
    await terminal.waitFor(/What was done\?/);
    terminal.write('e\r');
    await terminal.waitFor(/forge breakglass rotate/);
    expect(await terminal.exit).toBe(0);
    const shown = terminal.text();
    expect(await state()).toContain('"summary":"written at length"');
    const { secretAccessKey } = keyOf();
    for (const secret of [secretAccessKey, bitwarden.password, bitwarden.session]) {
      expect(shown).not.toContain(secret);
      expect(await state()).not.toContain(secret);
      expect((await bitwarden.calls()).join('\n')).not.toContain(secret);
    }
    const use = sandbox.world.events
      .all()
      .findLast(
        ({ name, errorCode, parameters }) => name === 'AssumeRole' && !errorCode && parameters.serialNumber,
      );
    expect(use?.parameters).toMatchObject({
      sourceIdentity: 'sam+sven',
      serialNumber: user().mfa.serialNumber,
      durationSeconds: 3600,
      tags: expect.arrayContaining([
        { key: 'forge:tier', value: '3' },
        { key: 'forge:incident', value: 'INC-3' },
        { key: 'forge:id', value: expect.stringMatching(/^BG-/) },
      ]),
    });
    sessionId = JSON.stringify(use).match(/BG-\w+/)?.[0] ?? '';
    const said = sandbox.world.machine.messages.map(({ text }) => text).join('\n');
    expect(said).toMatch(
      /\*sam\* and \*sven\* break the glass without Identity Center: tier 3 in \*prod-wealth\* for 1 h/,
    );
  }, 60_000);

  it('is sealed in the archive, sanctioned, in both names, with what this machine knows; a day later its key is missed', async () => {
    const { machine } = sandbox.world;
    // Identity Center is back: the next command delivers.
    const status = await sandbox.forge(['breakglass', 'status'], { person: 'sam' });
    expect(status.stderr).toContain('is to be replaced: forge breakglass rotate');
    // Its end, and then what is collected after it; in leaps, for a sweep between takes its time.
    const sealed = () => records().some(({ kind }) => kind === 'seal');
    for (let minutes = 61; !sealed() && minutes < 200; minutes += 22) {
      sandbox.world.setClockOffset(minutes * 60_000);
      await machine.turnClock(minutes * 60_000);
    }
    const [open] = records();
    expect(open).toMatchObject({
      kind: 'open',
      body: { session: { sanctioned: true, tier: 3, userName: 'sam+sven', clientId: sessionId } },
    });
    expect(records().findLast(({ kind }) => kind === 'seal')?.body).toMatchObject({
      files: expect.arrayContaining([expect.objectContaining({ from: 'client' })]),
    });
    sandbox.world.setClockOffset(25 * 3_600_000);
    await machine.turnClock(25 * 3_600_000 + 6 * 60_000);
    // On a busy machine the last sweep may have found all done, and rests.
    await machine.sweep();
    await until(() =>
      machine.messages.some(({ text }) => /key of \*forge-emergency-a\*.*not replaced yet/.test(text)),
    );
  }, 60_000);

  it('rotate replaces the key, and the old one is dead', async () => {
    const old = keyOf();
    using terminal = await sandbox.pty(
      ['breakglass', 'rotate', '--people', 'sam,sven', '--output', 'json'],
      withVault({ BW_SESSION: bitwarden.session }),
    );
    await enterCode(terminal);
    await terminal.waitFor(/The new one works, and is the only one/, { timeoutMs: 30_000 });
    expect(await terminal.exit).toBe(0);
    const kept = await bitwarden.key();
    expect(kept.accessKeyId).not.toBe(old.accessKeyId);
    expect(kept).toEqual({ accessKeyId: keyOf().accessKeyId, secretAccessKey: keyOf().secretAccessKey });
    expect(sandbox.world.keys.find(old.accessKeyId)).toBeUndefined();
    for (const text of [terminal.text(), await state(), (await bitwarden.calls()).join('\n')])
      expect(text).not.toContain(kept.secretAccessKey);
    const after = await sandbox.forge(['breakglass', 'status'], { person: 'sam' });
    expect(after.stderr).not.toContain('to be replaced');
  }, 90_000);
});

describe('without bw', () => {
  const typed = { person: 'sam', env: { SHELL: '/bin/sh' } };
  it('what is typed is checked before anybody is told, and rotate shows the new key once and has it typed again', async () => {
    sandbox.world.setClockOffset(0);
    const told = sandbox.world.machine.messages.length;
    using wrong = await sandbox.pty([...line, '--', 'true'], typed);
    await wrong.waitFor(/Access key id/);
    wrong.write(`${sandbox.world.userKeys('ci').accessKeyId}\r`);
    await wrong.waitFor(/Secret access key/);
    wrong.write(`${sandbox.world.userKeys('ci').secretAccessKey}\r`);
    await wrong.waitFor(/This is the key of arn:aws:iam::111111111111:user\/ci/);
    expect(await wrong.exit).toBe(5);
    expect(
      sandbox.world.machine.messages.slice(told).filter(({ text }) => /break the glass/.test(text)),
    ).toEqual([]);

    const old = keyOf();
    const shown = await sandbox.forge(['sandbox', 'offline', '--output', 'json'], { person: 'sam' });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      accessKeyId: old.accessKeyId,
      secretAccessKey: old.secretAccessKey,
      code: expect.stringMatching(/^\d{6}$/),
    });
    using terminal = await sandbox.pty(['breakglass', 'rotate', '--people', 'sam,sven'], typed);
    await terminal.waitFor(/Access key id/);
    terminal.write(`${old.accessKeyId}\r`);
    await terminal.waitFor(/Secret access key/);
    terminal.write(`${old.secretAccessKey}\r`);
    await enterCode(terminal);
    const [, secret = ''] = await terminal.waitFor(/secret access key {2}(\S{40})/, { timeoutMs: 30_000 });
    await terminal.waitFor(/Is it in the vault\?/);
    terminal.write('y\r');
    await terminal.waitFor(/out of the vault/);
    terminal.write(`${old.secretAccessKey}\r`);
    await terminal.waitFor(/not the new secret/);
    terminal.write(`${secret}\r`);
    await terminal.waitFor(/is the only one/, { timeoutMs: 30_000 });
    expect(await terminal.exit).toBe(0);
    expect(keyOf().secretAccessKey).toBe(secret);
    expect(sandbox.world.keys.find(old.accessKeyId)).toBeUndefined();
    expect(await state()).not.toContain(secret);
  }, 90_000);
});

describe('tier 3 refuses', () => {
  const refused = async (args: readonly string[]) =>
    refusalOf(
      await sandbox.forge(args.includes('--output') ? args : [...args, '--output', 'json'], {
        person: 'sam',
        env: { AWS_MAX_ATTEMPTS: '1' },
      }),
    );

  it('nobody, but tier 0 names it where the portal does not answer', async () => {
    await takeDown();
    const words = ['breakglass', '--tier', '0', '--env', 'prod-cash', '--reason', 'down', '--', 'true'];
    expect(await refused([...words.slice(0, -2), '--output', 'json', ...words.slice(-2)])).toMatchObject({
      hint: expect.stringContaining('forge breakglass --tier 3'),
    });
  });
  it('without a terminal', async () => {
    expect(await refused(line)).toMatchObject({ code: 'BREAKGLASS_NO_TERMINAL' });
  });
  it('a plan of it calls nobody', async () => {
    const before = sandbox.world.events.all().filter(({ service }) => /^(?:sts|sso)/.test(service)).length;
    const run = await sandbox.forge([...line, '--plan', '--output', 'json', '--', 'true'], { person: 'sam' });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toContain('sts AssumeRole');
    expect(sandbox.world.events.all().filter(({ service }) => /^(?:sts|sso)/.test(service))).toHaveLength(
      before,
    );
  });
});
