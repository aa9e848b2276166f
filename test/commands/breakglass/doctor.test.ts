import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePolicy, type Policy, policyKey } from '../../../src/breakglass/protocol/policy.ts';
import type { PolicyDocument, PolicyStatement } from '../../../src/iam/policy.ts';
import { sessionDocuments } from '../../../src/sandbox/ssm/own-documents.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** Each policy of break-glass is broken in turn, and the doctor says which. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'noor', 'casey'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const undo: (() => void)[] = [];
afterEach(() => {
  for (const mend of undo.splice(0)) mend();
});

interface Finding {
  readonly check: string;
  readonly verdict: 'ok' | 'bad' | 'unseen' | 'other';
  readonly detail: string;
  readonly hint?: string | null;
}
async function examine(person: string, ...options: readonly string[]) {
  const run = await sandbox.forge(['breakglass', 'doctor', ...options, '--output', 'json'], { person });
  if (run.stdout === '') throw new Error(`${run.code} ${run.stderr}`);
  const { findings } = JSON.parse(run.stdout) as { findings: readonly Finding[] };
  const bad = findings.filter(({ verdict }) => verdict === 'bad');
  return { code: run.code, findings, bad, named: bad.map(({ check }) => check) };
}

async function journalOf(home: string) {
  const folder = join(home, '.local', 'state', 'forge', 'audit');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const text = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; probe?: string; bad?: number });
}

type Statements = PolicyStatement[];
const statementsOf = (document: PolicyDocument): Statements => document.Statement as Statements;
/** In place: sessions that began before have it too. */
function change(documents: readonly PolicyDocument[], edit: (statements: Statements) => void): void {
  for (const document of documents) {
    if (!Array.isArray(document.Statement)) continue;
    const statements = statementsOf(document);
    const before = structuredClone(statements);
    undo.push(() => {
      statements.splice(0, statements.length, ...before);
    });
    edit(statements);
  }
}
const without =
  (...sids: readonly string[]) =>
  (statements: Statements) => {
    const kept = statements.filter(({ Sid }) => !sids.includes(Sid ?? ''));
    statements.splice(0, statements.length, ...kept);
  };
const allowing =
  (...actions: readonly string[]) =>
  (statements: Statements) => {
    statements.push({ Effect: 'Allow', Action: [...actions], Resource: '*' });
  };
const setOf = (name: string): readonly PolicyDocument[] =>
  sandbox.world.organisation.permissionSets.find((set) => set.name === name)?.policies ?? [];
const bucketOf = (part: string): readonly PolicyDocument[] =>
  sandbox.world.organisation.buckets.flatMap(({ name, policy }) =>
    name.includes(part) && policy !== undefined ? [policy] : [],
  );
const requester = 'Forge-BreakGlass-Request';
const approver = 'Forge-BreakGlass-Approve-tier1';

/** What the doctor could leave. The archive is the recorder's, which records whoever was let in, the doctor too. */
function state() {
  const { memberships, buckets } = sandbox.world.organisation;
  const intake = buckets.find(({ name }) => name.includes('intake'));
  return { memberships: memberships.length, objects: intake?.objects.size };
}

describe('as it should be', () => {
  it.each(['dana', 'mia', 'noor'])('%s finds nothing wrong, and leaves nothing behind', async (person) => {
    const before = state();
    const { code, findings, named } = await examine(person);
    expect([code, named]).toEqual([0, []]);
    expect(state()).toEqual(before);
    const seen = new Map(findings.map(({ check, verdict }) => [check, verdict]));
    if (person === 'mia') expect(seen.get('approve myself (approve)')).toBe('ok');
    if (person === 'noor') expect(seen.get('write to the archive (audit)')).toBe('ok');
    expect(seen.get('who is in')).toBe(person === 'dana' ? undefined : 'ok');
    if (person !== 'noor') return;
    for (const check of ['bucket of the intake', 'lock of the archive', 'policy of the functions'])
      expect(seen.get(check), check).toBe('ok');
  });

  it('who holds nothing of it is told', async () => {
    expect((await examine('casey')).named).toEqual(['rights']);
  });

  it('every try is in the journal, before the summary', async () => {
    await examine('dana', '--all');
    const { HOME = '' } = sandbox.environment({ person: 'dana' });
    const events = await journalOf(HOME);
    expect(events.filter(({ probe }) => probe === 'self-approval').length).toBeGreaterThanOrEqual(15);
    expect(events.at(-1)).toMatchObject({ type: 'breakglass.doctor', bad: 0 });
  });

  it('--plan tries nothing', async () => {
    const before = await sandbox.admin.calls();
    for (const [options, tried] of [
      [[], 2],
      [['--all'], 15],
    ] as const) {
      const run = await sandbox.forge(['breakglass', 'doctor', ...options, '--plan'], { person: 'mia' });
      expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('15 groups')]);
      expect(run.stdout).toContain(`${tried} groups`);
    }
    expect(await sandbox.admin.calls()).toEqual(before);
  });

  it('what is down can not be seen, and that is no all-clear', async () => {
    await sandbox.admin.fault({
      service: 's3',
      operation: 'PutObject',
      status: 403,
      error: 'Odd',
      times: 99,
    });
    const { code, findings } = await examine('dana');
    await sandbox.admin.clearFaults();
    expect(code).toBe(2);
    expect(findings.filter(({ verdict }) => verdict === 'unseen').length).toBeGreaterThan(5);
  });
});

describe('broken', () => {
  it('may I approve myself: said in capitals, and out again at once', async () => {
    change(setOf(approver), without('NeverMyself'));
    const before = state();
    const { code, bad } = await examine('mia', '--all');
    expect(code).toBe(1);
    expect(bad.map(({ check }) => check)).toEqual(['approve myself (approve)']);
    expect(bad[0]?.detail).toMatch(
      /^YOU CAN APPROVE YOURSELF\. It let you into grp-forge-jit-tier1-\S+, .*you are out again/,
    );
    expect(bad[0]?.detail).not.toContain('tier2');
    expect(state()).toEqual(before);
    const calls = await sandbox.admin.calls();
    expect(calls['identitystore:DeleteGroupMembership']).toBeGreaterThanOrEqual(12);
  });

  it('… also when Ctrl-C comes in between', async () => {
    change(setOf(approver), without('NeverMyself'));
    const before = state();
    const made = async () => (await sandbox.admin.calls())['identitystore:CreateGroupMembership'] ?? 0;
    const start = await made();
    const events = sandbox.world.events.all().length;
    await sandbox.admin.fault({
      service: 'identitystore',
      operation: 'DeleteGroupMembership',
      delayMs: 1_500,
      times: 4,
    });
    const ctrlC = new AbortController();
    const running = sandbox.forge(['breakglass', 'doctor', '--all'], {
      person: 'mia',
      interrupt: ctrlC.signal,
    });
    // Of the requester's keys all are denied: the sixteenth try is the first of the approver's, and lets in.
    await expect.poll(made, { timeout: 20_000, interval: 20 }).toBeGreaterThan(start + 17);
    ctrlC.abort();
    expect((await running).code).toBe(130);
    // The other side takes it away too, in its own name: what counts is that the doctor did.
    const mine = sandbox.world.events
      .all()
      .slice(events)
      .filter(({ principal }) => principal?.includes('mia@'));
    const letIn = mine.filter(
      ({ name, errorCode }) => name === 'CreateGroupMembership' && errorCode === undefined,
    );
    // Who comes second finds nothing to take away any more.
    const takenOut = mine.filter(({ name }) => name === 'DeleteGroupMembership');
    expect(letIn.length).toBeGreaterThan(0);
    expect(takenOut.length).toBeGreaterThanOrEqual(letIn.length);
    await sandbox.admin.clearFaults();
    expect(state()).toEqual(before);
  });

  it('… and where it can not be taken back, who must', async () => {
    change(setOf(approver), (statements) => {
      without('NeverMyself')(statements);
      for (const one of statements)
        if (one.Sid === 'GrantTierGroups')
          Object.assign(one, { Action: 'identitystore:CreateGroupMembership' });
    });
    const before = sandbox.world.organisation.memberships.length;
    const { bad } = await examine('mia');
    expect(bad[0]?.detail).toContain('NOW AND COULD NOT BE TAKEN OUT: AN ADMINISTRATOR MUST DO IT');
    sandbox.world.organisation.memberships.splice(before);
  });

  it('a requester who can let people in', async () => {
    change(
      setOf(requester),
      allowing('identitystore:CreateGroupMembership', 'identitystore:DeleteGroupMembership'),
    );
    expect((await examine('dana')).named).toEqual([
      'approve myself (request)',
      'let somebody into tier 1 (request)',
      'let somebody into tier 2 (request)',
    ]);
  });

  it('an approver of another tier', async () => {
    change(setOf(approver), allowing('identitystore:CreateGroupMembership'));
    expect((await examine('mia')).named).toEqual(['let somebody into tier 2 (approve)']);
  });

  const requests: readonly (readonly [string, () => void, readonly string[]])[] = [
    [
      'the intake can be written over',
      () => {
        change(bucketOf('intake'), without('WrittenOnce'));
        change(setOf(requester), (statements) => {
          for (const one of statements) if (one.Sid === 'WriteOwnOnce') Object.assign(one, { Condition: {} });
        });
      },
      ['write without If-None-Match'],
    ],
    [
      'anybody writes in any name',
      () => {
        change(bucketOf('intake'), without('InOnesOwnName'));
        change(setOf(requester), allowing('s3:PutObject'));
      },
      [
        'write a request in another name',
        'end what is of others',
        'write evidence in another name',
        'kill in another name',
        'kill',
        'decide tier 1 in another name',
        'decide tier 1',
        'decide tier 2 in another name',
        'decide tier 2',
      ],
    ],
    [
      'the archive is open',
      () => {
        change(bucketOf('archive'), without('OnlyTheRecorder', 'WrittenOnce'));
        change(setOf(requester), (statements) => {
          statements.push({
            Effect: 'Allow',
            Action: ['s3:PutObject', 's3:ListBucket'],
            Resource: [
              'arn:aws:s3:::forge-breakglass-archive-*',
              'arn:aws:s3:::forge-breakglass-archive-*/*',
            ],
          });
        });
      },
      ['write to the archive', 'write over the archive', 'list the archive'],
    ],
    [
      'evidence of others is listed',
      () => change(setOf(requester), allowing('s3:ListBucket')),
      ['list evidence of others', 'list the archive'],
    ],
    [
      'nobody can ask',
      () => change(setOf(requester), without('WriteOwnOnce', 'List')),
      ['write a request', 'write an end', 'write evidence', 'list requests'],
    ],
  ];
  it.each(requests)('%s', async (_, broken, named) => {
    broken();
    const before = state();
    const found = await examine('dana');
    expect(found.named).toEqual(named.map((check) => `${check} (request)`));
    expect(found.code).toBe(1);
    expect(state()).toEqual(before);
  });

  it('an approver who can not decide', async () => {
    change(setOf(approver), without('DecideOnce', 'GrantTierGroups'));
    expect((await examine('mia')).named).toEqual([
      'let somebody into tier 1 (approve)',
      'decide tier 1 (approve)',
    ]);
  });

  it('a group is gone', async () => {
    const { groups } = sandbox.world.organisation;
    const index = groups.findIndex(({ name }) => name.includes('jit-tier2'));
    const [gone] = groups.splice(index, 1);
    const { bad } = await examine('dana');
    if (gone !== undefined) groups.splice(index, 0, gone);
    expect(bad).toMatchObject([{ check: 'groups', detail: expect.stringContaining(gone?.name ?? '?') }]);
  });

  const bucket = (part: string) => {
    const found = sandbox.world.organisation.buckets.find(({ name }) => name.includes(part));
    if (found === undefined) throw new Error(part);
    return found;
  };
  const policyKeyNow = () =>
    [...bucket('configuration').objects.keys()].find((key) => key.startsWith('policy/')) ?? '';
  const withPolicy = (edit: (policy: Policy) => Policy) => {
    const { objects } = bucket('configuration');
    const key = policyKeyNow();
    const [version, ...older] = objects.get(key) ?? [];
    if (version === undefined) throw new Error(key);
    const body = Buffer.from(encodePolicy(edit(JSON.parse(version.body.toString()))));
    objects.delete(key);
    objects.set(policyKey(body), [{ ...version, body }, ...older]);
    undo.push(() => {
      objects.delete(policyKey(body));
      objects.set(key, [version, ...older]);
    });
  };
  const lock = (objectLock: object | undefined) => {
    const archive = bucket('archive');
    const before = archive.objectLock;
    Object.assign(archive, { objectLock });
    undo.push(() => Object.assign(archive, { objectLock: before }));
  };
  const deployed: readonly (readonly [string, () => void, string, RegExp])[] = [
    ['no lock', () => lock(undefined), 'lock of the archive', /^NOTHING IS LOCKED/],
    [
      'a lock that gives way',
      () => lock({ mode: 'GOVERNANCE', days: 2555 }),
      'lock of the archive',
      /^GOVERNANCE, 2555 days: who may/,
    ],
    [
      'a lock for a day',
      () => lock({ mode: 'COMPLIANCE', days: 1 }),
      'lock of the archive',
      /^COMPLIANCE, 1 day, and forge.yaml says 2555/,
    ],
    [
      'a bucket that is not there',
      () => {
        const { buckets } = sandbox.world.organisation;
        const at = buckets.findIndex(({ name }) => name.includes('configuration'));
        const gone = buckets.splice(at, 1);
        undo.push(() => buckets.splice(at, 0, ...gone));
      },
      'bucket of the configuration',
      /^there is no bucket forge-breakglass-configuration-/,
    ],
    [
      'a policy of another content than its name',
      () => {
        const [version] = bucket('configuration').objects.get(policyKeyNow()) ?? [];
        if (version === undefined) throw new Error('none');
        const { body } = version;
        Object.assign(version, {
          body: Buffer.from(body.toString().replace('"approvals":1', '"approvals":2')),
        });
        undo.push(() => Object.assign(version, { body }));
      },
      'policy of the functions',
      /HAS OTHER CONTENT THAN ITS NAME SAYS/,
    ],
    [
      'a policy that says otherwise',
      () =>
        withPolicy((policy) => ({
          ...policy,
          requestLifeMinutes: 10,
          tiers: policy.tiers.map((tier) => ({ ...tier, approvals: 2 })),
          grants: policy.grants.slice(1),
          emergencyRoles: policy.emergencyRoles.slice(1),
        })),
      'policy of the functions',
      /request_lifetime in minutes: 10 there, 240 in forge\.yaml; tier 1, approvals: 2 there, 1 in forge\.yaml;.* is not there; tier 0 in prod-\S+: \S+ is not watched$/,
    ],
    [
      'somebody without a record',
      () => {
        const { memberships, groups, people } = sandbox.world.organisation;
        const group = groups.find(({ name }) => name.includes('jit-tier2'));
        memberships.push({
          id: randomUUID(),
          groupId: group?.id ?? '',
          userId: people[0]?.id ?? '',
        });
        undo.push(() => memberships.pop());
      },
      'who is in',
      /^IN WITHOUT A RECORD: \S+ in grp-forge-jit-tier2-/,
    ],
  ];
  it.each(deployed)('deployed: %s', async (_, broken, check, said) => {
    broken();
    const { bad } = await examine('noor');
    expect(bad.find((one) => one.check === check)?.detail).toMatch(said);
  });

  it('the configuration bucket has the name that forge.yaml gives it', async () => {
    const { buckets } = sandbox.world.organisation;
    const [at, other] = [buckets.indexOf(bucket('configuration')), 'forge-breakglass-elsewhere'];
    const [moved] = buckets.splice(at, 1);
    if (moved === undefined) throw new Error('none');
    buckets.push({ ...moved, name: other });
    undo.push(
      () => buckets.splice(buckets.length - 1, 1),
      () => buckets.splice(at, 0, moved),
    );
    // Policies name it, too.
    for (const documents of [setOf('Forge-BreakGlass-Audit'), moved.policy ? [moved.policy] : []])
      change(documents, (statements) => {
        const renamed = JSON.parse(JSON.stringify(statements).replaceAll(moved.name, other)) as Statements;
        statements.splice(0, statements.length, ...renamed);
      });
    const { FORGE_CONFIG = '' } = sandbox.environment({ person: 'noor' });
    const text = await readFile(FORGE_CONFIG, 'utf8');
    const file = join(sandbox.environment({ person: 'noor' }).HOME ?? '', 'renamed.yaml');
    await writeFile(file, text.replace(/^( *)archive_bucket: .*$/m, `$&\n$1configuration_bucket: ${other}`));
    const found = async (...options: string[]) =>
      (await examine('noor', ...options)).findings.flatMap(({ check, verdict, detail }) =>
        ['bucket of the configuration', 'policy of the functions'].includes(check)
          ? [`${verdict} ${detail}`]
          : [],
      );
    expect(await found('--config', file)).toEqual([
      expect.stringMatching(/^ok forge-breakglass-elsewhere keeps versions/),
      expect.stringMatching(/^ok .* as forge\.yaml says/),
    ]);
    expect((await found())[0]).toMatch(/^bad there is no bucket forge-breakglass-configuration-/);
  });

  it('who is in by a grant is named with it; a sweeper that stands still is found', async () => {
    const asked = await sandbox.forge(
      [
        'breakglass',
        '--tier',
        '1',
        '--scenario',
        'console',
        '--env',
        'prod-cash',
        '--ticket',
        'INC-1',
        '--reason',
        'doctor',
        '--duration',
        '2h',
      ],
      { person: 'dana' },
    );
    const id = asked.stdout.trim();
    expect(asked.code, asked.stderr).toBe(8);
    expect((await sandbox.forge(['breakglass', 'approve', id, '--yes'], { person: 'mia' })).code).toBe(0);
    const whoIsIn = async () =>
      (await examine('noor')).findings.find(({ check }) => check === 'who is in')?.detail;
    await expect
      .poll(whoIsIn, { timeout: 20_000 })
      .toMatch(/^in, and on record: dana@\S+ in grp-forge-jit-tier1-console-prod-cash \(BG-/);
    expect((await sandbox.forge(['breakglass', 'end', id], { person: 'dana' })).code).toBe(0);
    const sweeper = async () => {
      const found = (await examine('noor')).findings.find(({ check }) => check === 'sweeper');
      return `${found?.verdict} ${found?.detail}`;
    };
    expect(await sweeper()).toMatch(/^other was deployed within half an hour/);
    const [version] = bucket('configuration').objects.get(policyKeyNow()) ?? [];
    const { lastModified } = version ?? {};
    undo.push(() => Object.assign(version ?? {}, { lastModified }));
    Object.assign(version ?? {}, { lastModified: sandbox.world.now() - 3_600_000 });
    expect(await sweeper()).toMatch(/^bad CloudTrail has nothing of it/);
  });

  it('a clock that is off', async () => {
    await sandbox.admin.setClock(200_000);
    const { named } = await examine('noor');
    await sandbox.admin.setClock(0);
    expect(named).toEqual(['clock']);
  });
});

describe('forge doctor', () => {
  const look = async (person: string, ...options: readonly string[]) => {
    const run = await sandbox.forge(['doctor', '--output', 'json', ...options], { person });
    if (run.stdout === '') throw new Error(`${run.code} ${run.stderr}`);
    const { findings } = JSON.parse(run.stdout) as { findings: readonly Finding[] };
    return { code: run.code, seen: new Map(findings.map((one) => [one.check, one])) };
  };

  it('looks, and tries nothing', async () => {
    const before = await sandbox.admin.calls();
    const { code, seen } = await look('noor');
    expect(code).toBe(0);
    for (const check of ['forge.yaml', 'sign-in', 'lock of the archive', 'policy of the functions', 'clock'])
      expect(seen.get(check)?.verdict, check).toBe('ok');
    const after = await sandbox.admin.calls();
    for (const call of ['identitystore:CreateGroupMembership', 's3:PutObject'])
      expect(after[call] ?? 0, call).toBe(before[call] ?? 0);
  });

  it('who has nothing to do with break-glass is told so, and that is not bad', async () => {
    const { code, seen } = await look('casey');
    expect([code, seen.get('rights')?.verdict]).toEqual([0, 'other']);
  });

  it('says what is wrong: no sign-in, a mistake in forge.yaml, no forge.yaml', async () => {
    const out = await look('sam');
    expect([out.code, out.seen.get('sign-in')]).toEqual([
      1,
      expect.objectContaining({ verdict: 'bad', hint: expect.stringContaining('forge login') }),
    ]);
    expect(out.seen.has('clock')).toBe(false);
    const file = join(await sandbox.newHome(), 'broken.yaml');
    await writeFile(file, 'versoin: 1\n');
    const broken = await look('dana', '--config', file);
    expect([broken.code, broken.seen.get('forge.yaml')?.detail]).toEqual([
      1,
      expect.stringContaining('has no key "versoin"'),
    ]);
    const none = await look('dana', '--config', `${file}.not`);
    expect([none.code, none.seen.get('forge.yaml')?.verdict]).toEqual([1, 'bad']);
  });

  it('session documents: what forge.yaml names is there, by who may enter; the others are named', async () => {
    const { code, seen } = await look('casey');
    expect([code, seen.get('session documents (prod-wealth)')]).toEqual([
      0,
      expect.objectContaining({
        verdict: 'ok',
        detail:
          'there, and active: forge-instance-connect, forge-instance-run, forge-instance-copy, forge-endpoint-tunnel',
      }),
    ]);
    expect(seen.get('session documents')).toMatchObject({
      verdict: 'other',
      detail: expect.stringMatching(/^not asked in (?!.*prod-wealth).*prod-cash/),
    });
    const none = (await look('dana')).seen;
    expect(none.get('session documents')?.detail).toContain('prod-wealth');
    const { HOME = '' } = sandbox.environment({ person: 'dana' });
    const journal = await journalOf(HOME);
    expect(journal.filter(({ type }) => type === 'access.refused')).toEqual([]);
  });

  it('session documents: not there, of another type, not named in forge.yaml, not to be seen', async () => {
    const { FORGE_CONFIG = '' } = sandbox.environment({ person: 'casey' });
    const written = await readFile(FORGE_CONFIG, 'utf8');
    const file = join(await sandbox.newHome(), 'forge.yaml');
    const changed = async (edit: (text: string) => string) => {
      const text = edit(written);
      expect(text).not.toBe(written);
      await writeFile(file, text);
      const run = await sandbox.forge(['doctor', '--config', file, '--output', 'json'], { person: 'casey' });
      const { findings } = JSON.parse(run.stdout) as { findings: readonly Finding[] };
      return [
        run.code,
        ...findings
          .filter(({ check }) => check === 'session documents (prod-wealth)')
          .map(({ verdict, detail, hint }) => `${verdict} ${detail}\n${hint}`),
      ];
    };
    expect(await changed((text) => text.replaceAll('forge-instance-run', 'forge-instance-walk'))).toEqual([
      1,
      expect.stringMatching(/^bad there is no document forge-instance-walk in \d{12}, us-east-1.*\n.*apply/s),
    ]);
    expect(await changed((text) => text.replaceAll('forge-endpoint-tunnel', 'AWS-RunShellScript'))).toEqual([
      1,
      expect.stringMatching(/^bad AWS-RunShellScript IS A DOCUMENT OF TYPE Command.*import-terraform/s),
    ]);
    const unnamed = await changed((text) => text.replaceAll(/^ *tunnel_document: .*\n/gm, ''));
    expect(unnamed).toEqual([
      1,
      expect.stringMatching(/^ok there, and active: forge-instance-connect/),
      expect.stringMatching(
        /^bad forge-endpoint-tunnel is there, and forge.yaml names no tunnel_document.*\nforge config import-terraform/s,
      ),
    ]);
    const copy = sessionDocuments['forge-instance-copy'] ?? {};
    undo.push(() => void Reflect.deleteProperty(copy, 'status'));
    Object.assign(copy, { status: 'Failed' });
    expect((await look('casey')).seen.get('session documents (prod-wealth)')).toMatchObject({
      verdict: 'bad',
      detail: 'forge-instance-copy is not active: Failed',
    });
    change(setOf('Forge-Wealth-ReadOnly'), (statements) => {
      statements.push({ Effect: 'Deny', Action: 'ssm:DescribeDocument', Resource: '*' });
    });
    const { code, seen } = await look('casey');
    expect([code, seen.get('session documents (prod-wealth)')]).toEqual([
      0,
      expect.objectContaining({ verdict: 'other', detail: expect.stringContaining('ssm:DescribeDocument') }),
    ]);
  });

  it('a portal that does not answer can not be seen', async () => {
    await sandbox.admin.fault({ service: 'sso', operation: '*', status: 500, error: 'Odd', times: 99 });
    const { code, seen } = await look('dana');
    await sandbox.admin.clearFaults();
    expect([code, seen.get('sign-in')?.verdict]).toEqual([2, 'unseen']);
  });
});
