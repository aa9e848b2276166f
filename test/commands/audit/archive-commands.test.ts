import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeEvidence } from '../../../src/breakglass/protocol/evidence.ts';
import type { SessionId } from '../../../src/breakglass/protocol/ids.ts';
import { parseRecordKey } from '../../../src/breakglass/protocol/keys.ts';
import { addVersion, type Bucket } from '../../../src/sandbox/aws/s3/bucket.ts';
import { archiveBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { goodArchive, type Plot } from '../../support/break-glass-archive.ts';
import { deliveredStatements } from '../../support/delivered-statements.ts';
import { type Run, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

const plot = (kind: Plot['kind'], more: Partial<Plot> = {}): Plot => ({
  kind,
  stuck: 0,
  uses: 0,
  shared: false,
  endedEarly: false,
  files: [],
  evidence: [],
  late: [],
  ...more,
});
const bytes = (text: string) => new TextEncoder().encode(text);
const good = goodArchive([
  plot('grant', { files: [bytes('transcript')], evidence: [bytes('journal')], uses: 1 }),
  plot('emergency'),
  plot('unsanctioned'),
]);
const day = 86_400_000;
const retention = 2555 * day;

let sandbox: TestSandbox;
let archive: Bucket;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  const found = sandbox.world.organisation.buckets.find(({ name }) => name === archiveBucket);
  if (found === undefined) throw new Error('no archive');
  archive = found;
  await sandbox.signIn('noor');
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

/** As the handlers would have left it, some hours ago. */
beforeEach(() => {
  archive.objects.clear();
  for (const { key, bytes: body, lastModified } of good.versions)
    put(key, Buffer.from(body ?? []), lastModified);
});

function put(key: string, body: Buffer, lastModified: number): void {
  addVersion(archive, key, {
    body,
    lastModified,
    retention: { mode: 'COMPLIANCE', until: lastModified + retention },
  });
}

const audit = (...args: string[]) => sandbox.forge(['audit', ...args], { person: 'noor' });
const verify = (...args: string[]) => audit('verify', '--archive', ...args);
interface Verdict {
  readonly ok: boolean;
  readonly sessions: readonly string[];
  readonly versions: number;
  readonly trailEvents: number | null;
  readonly findings: readonly {
    readonly code: string;
    readonly subject: string;
    readonly session: string | null;
  }[];
}
const verdict = (run: Run): Verdict => JSON.parse(run.stdout) as Verdict;

const records = [...good.versions].map(({ key }) => key).filter((key) => parseRecordKey(key) !== undefined);
const session = parseRecordKey(records[0] ?? '')?.session as SessionId;
const recordAt = (seq: number) => `sessions/${session}/${String(seq).padStart(6, '0')}.json`;
const short = `bg-${session.slice(-5).toLowerCase()}`;
const file = good.versions.find(({ key }) => key.startsWith(`sessions/${session}/files/`))?.key ?? '';

describe('forge audit verify --archive', () => {
  it('finds nothing in what the handlers left', async () => {
    const run = await verify();
    expect(run.code, run.stdout + run.stderr).toBe(0);
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/^whole {2}3 sessions, \d+ versions; not compared with CloudTrail$/m);
    const one = await verify(short, '--output', 'json');
    expect(one.code, one.stdout + one.stderr).toBe(0);
    expect(verdict(one)).toMatchObject({ ok: true, sessions: [session], findings: [], trailEvents: null });
  });

  /** Done behind IAM's back: none of it is possible for anybody in AWS, or it would not need to be found. */
  const damages: readonly (readonly [
    name: string,
    damage: () => void,
    code: string,
    subject: () => string,
  ])[] = [
    [
      'a record that was written again',
      () => put(recordAt(1), Buffer.from('{}'), Date.now()),
      'extra-version',
      () => recordAt(1),
    ],
    [
      'a delete marker',
      () => void addVersion(archive, recordAt(2), { deleteMarker: true, lastModified: Date.now() }),
      'delete-marker',
      () => recordAt(2),
    ],
    [
      'an edited record',
      () => edit(recordAt(1), (text) => text.replace('"seq":1', '"seq":7')),
      'misplaced',
      () => recordAt(1),
    ],
    [
      'a record with another time',
      () => edit(recordAt(1), (text) => text.replace(/"at":"\d{4}/, '"at":"2025')),
      'chain',
      () => recordAt(2),
    ],
    ['a record that is gone', () => void archive.objects.delete(recordAt(2)), 'gap', () => recordAt(2)],
    [
      'two records exchanged',
      () => {
        const [a, b] = [archive.objects.get(recordAt(1)), archive.objects.get(recordAt(2))];
        archive.objects.set(recordAt(1), b ?? []);
        archive.objects.set(recordAt(2), a ?? []);
      },
      'misplaced',
      () => recordAt(1),
    ],
    [
      'a record cut short',
      () => edit(recordAt(0), (text) => text.slice(0, -10)),
      'schema',
      () => recordAt(0),
    ],
    [
      'a lock that was shortened',
      () => {
        const [version] = archive.objects.get(recordAt(3)) ?? [];
        if (version?.retention)
          version.retention = { ...version.retention, until: version.retention.until - day };
      },
      'short-lock',
      () => recordAt(3),
    ],
    [
      'a lock that was taken off',
      () => {
        const [version] = archive.objects.get(recordAt(3)) ?? [];
        if (version) version.retention = undefined;
      },
      'unlocked',
      () => recordAt(3),
    ],
    ['a transcript with other words', () => edit(file, (text) => `${text}!`), 'file-changed', () => ''],
    ['a transcript that is gone', () => void archive.objects.delete(file), 'file-missing', () => ''],
    [
      'an object that nobody knows',
      () => put('sessions/x\u001b[2J', Buffer.from('x'), Date.now()),
      'foreign',
      () => 'sessions/x\u001b[2J',
    ],
    [
      'an edited ledger',
      () => edit('ledger/00000/00000000.json', (text) => text.replace(/"sha256":"./, '"sha256":"x')),
      'schema',
      () => 'ledger/00000/00000000.json',
    ],
  ];
  it.each(damages)('names %s first', async (_, damage, code, subject) => {
    damage();
    const run = await verify('--output', 'json');
    expect(run.code, run.stderr).toBe(1);
    const [first] = verdict(run).findings;
    expect(first).toMatchObject({ code, ...(subject() === '' ? {} : { subject: subject() }) });
  });

  it('says the first finding first, and lets no name of an object move the cursor', async () => {
    put('sessions/x\u001b[2J', Buffer.from('x'), Date.now());
    archive.objects.delete(recordAt(2));
    const { code, stdout } = await verify();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^gap {2}/);
    expect(stdout).toContain('foreign  sessions/x\\x1b[2J: ');
  });

  it('names statements that are not those that were recorded, though every object is as it was sealed', async () => {
    const delivered = await deliveredStatements(3);
    const text = delivered.map(encodeEvidence);
    const later = (from: readonly string[]) => {
      archive.objects.clear();
      const story = plot('grant', { evidence: from.map(bytes) });
      for (const { key, bytes: body, lastModified } of goodArchive([story]).versions)
        put(key, Buffer.from(body ?? []), lastModified);
    };
    later(text);
    const whole = await verify();
    expect(whole.code, whole.stdout + whole.stderr).toBe(0);
    later(text.map((piece) => piece.replace("select 2, 'ä'", "select 7, 'ä'")));
    const changed = await verify();
    expect(changed.code, changed.stderr).toBe(1);
    expect(changed.stdout).toMatch(
      /^statements-changed {2}sessions\/BG-\w+\/files\/client-\d+\.jsonl: its statements are not those that were recorded \(statements-[\w-]+\.jsonl, line \d+: /,
    );
    // Another machine delivers the same stream minutes later, with another statement.
    const other = text.map((piece) =>
      piece.replace(/"writer":"\w+"/, '"writer":"000000000000"').replace("select 2, 'ä'", "select 7, 'ä'"),
    );
    later([...text, ...other]);
    for (const [key, versions] of archive.objects)
      if (versions[0]?.body.includes('"writer":"000000000000"'))
        archive.objects.set(
          key,
          versions.map((version) => ({ ...version, lastModified: version.lastModified + 120_000 })),
        );
    const shown = await audit('show', '--sql', '--archive', short);
    expect(shown.stdout, shown.stderr).toContain("select 2, 'ä'");
    expect(shown.stdout).not.toContain('select 7');
    expect(shown.stderr).toContain('delivered twice, and not the same: shown is what was archived first');
    // All of the stream is left out, and only the journal tells of it.
    later(
      delivered.map((piece) =>
        encodeEvidence({ ...piece, parts: piece.parts.filter(({ of }) => of === 'journal') }),
      ),
    );
    const missing = await verify('--output', 'json');
    expect(missing.code, missing.stderr).toBe(1);
    expect(verdict(missing).findings).toMatchObject([{ code: 'statements-missing', session }]);
  });

  function edit(key: string, change: (text: string) => string): void {
    const [version] = archive.objects.get(key) ?? [];
    if (version === undefined) throw new Error(`no ${key}`);
    const body = Buffer.from(change(version.body.toString()));
    expect(body.equals(version.body)).toBe(false);
    archive.objects.set(key, [{ ...version, body }]);
  }

  it('asks of one session only about it, and --since about what was touched since', async () => {
    const other = records.find((key) => parseRecordKey(key)?.session !== session) ?? '';
    addVersion(archive, other, { deleteMarker: true, lastModified: Date.now() + 3 * 365 * day });
    expect((await verify(short)).code).toBe(0);
    const run = await verify('--since', '2028-01-01', '--output', 'json');
    expect(run.code).toBe(1);
    expect(verdict(run)).toMatchObject({
      sessions: [parseRecordKey(other)?.session],
      findings: [{ code: 'delete-marker', subject: other }],
    });
  });

  it('is 2 for whoever may not read it, for an id that is not there, and for an S3 that is down', async () => {
    await sandbox.signIn('dana');
    const denied = await sandbox.forge(['audit', 'verify', '--archive'], { person: 'dana' });
    expect(denied.code, denied.stdout).toBe(2);
    expect(denied.stderr).toContain('Forge-BreakGlass-Audit');
    expect(await verify('bg-zzzzz')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no session'),
    });
    expect(await verify(short, '--trail')).toMatchObject({ code: 2 });
    await sandbox.admin.fault({
      service: 's3',
      operation: 'ListObjectVersions',
      status: 403,
      error: 'AccessDenied',
    });
    expect(await verify()).toMatchObject({ code: 2 });
    await sandbox.admin.clearFaults();
  });

  it('with --trail names a grant that CloudTrail knows and the archive does not', async () => {
    const group = sandbox.world.organisation.groups.find(({ name }) => name.includes('jit-tier1-database'));
    const other = sandbox.world.organisation.groups.find(({ name }) => name === 'grp-forge-developers');
    const [person] = sandbox.world.organisation.people;
    const made = (groupId = '') =>
      sandbox.world.events.record({
        service: 'identitystore',
        name: 'CreateGroupMembership',
        account: accessAccount,
        region: sandbox.world.organisation.region,
        principal: undefined,
        accessKeyId: undefined,
        sourceIdentity: undefined,
        userAgent: undefined,
        parameters: { identityStoreId: 'd-9067f7c0de', groupId, memberId: { userId: person?.id } },
        errorCode: undefined,
        errorMessage: undefined,
      });
    // EventBridge loses both, and nothing is found that could be adopted.
    await sandbox.admin.lever('machine', { dropEvents: 2 });
    made(other?.id);
    made(group?.id);
    const known = sandbox.world.events.all().at(-1)?.eventId;
    // CloudTrail is late: what is younger than a quarter of an hour need not be on record.
    expect(verdict(await verify('--trail', '--output', 'json'))).toMatchObject({ ok: true, trailEvents: 2 });
    await sandbox.admin.setClock(20 * 60_000);
    const run = await verify('--trail', '--output', 'json');
    await sandbox.admin.setClock(0);
    expect(run.code, run.stderr).toBe(1);
    expect(verdict(run).findings).toEqual([
      expect.objectContaining({ code: 'unrecorded-grant', subject: known, session: null }),
    ]);
  });

  it('can be planned', async () => {
    const run = await verify('--plan');
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('s3:ListBucketVersions');
    expect(run.stdout).toContain('Forge-BreakGlass-Audit in 999999999999');
  });
});

describe('forge audit show --archive', () => {
  it('tells the story of a session: who asked, who approved, how it ended', async () => {
    const run = await audit('show', '--archive', short);
    expect(run.code, run.stderr).toBe(0);
    for (const word of ['dana@tapp.example', 'mia@tapp.example', 'open', 'use', 'revoke', 'export', 'seal'])
      expect(run.stdout).toContain(word);
    const json = JSON.parse((await audit('show', '--archive', session, '--output', 'json')).stdout) as {
      objects: {
        key: string;
        record: { body: { request?: { raw: string } } } | null;
        sha256: string | null;
      }[];
    };
    expect(json.objects[0]?.record?.body.request?.raw).toContain('"kind":"request"');
    expect(json.objects.find(({ key }) => key === file)?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has what the handlers themselves recorded, and verify finds what was done to it', async () => {
    archive.objects.clear();
    await Promise.all(['dana', 'mia'].map((person) => sandbox.signIn(person)));
    const wish = '--tier 1 --scenario database --env prod-wealth --duration 2h --ticket INC-1 --reason stuck';
    const asked = await sandbox.forge(['breakglass', ...wish.split(' '), '--output', 'json'], {
      person: 'dana',
    });
    const { id } = JSON.parse(asked.stdout) as { id: string };
    const approved = await sandbox.forge(['breakglass', 'approve', id, '--yes'], { person: 'mia' });
    expect(approved.code, approved.stderr).toBe(0);
    const first = `sessions/${id}/000000.json`;
    await expect.poll(() => archive.objects.has(first), { timeout: 30_000 }).toBe(true);
    const whole = await verify(id, '--output', 'json');
    expect(whole.code, whole.stdout + whole.stderr).toBe(0);
    expect((await audit('show', '--archive', id)).stdout).toContain('approvers');
    addVersion(archive, first, { deleteMarker: true, lastModified: Date.now() });
    const hidden = await verify(id, '--output', 'json');
    expect(hidden.code).toBe(1);
    expect(verdict(hidden).findings[0]).toMatchObject({ code: 'delete-marker', subject: first });
    // What dana did is in her own journal.
    const listed = await sandbox.forge(['audit', 'list', '--output', 'json'], { person: 'dana' });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ what: 'breakglass requested', id }]);
    expect(await sandbox.forge(['audit', 'verify'], { person: 'dana' })).toMatchObject({ code: 0 });
  });

  it('hides nothing that was put on top', async () => {
    put(recordAt(1), Buffer.from('\u001b[31mno record'), Date.now() + day);
    addVersion(archive, recordAt(1), { deleteMarker: true, lastModified: Date.now() + 2 * day });
    const run = await audit('show', '--archive', short);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout.match(/^000001\.json/gm)).toHaveLength(3);
    expect(run.stdout).toContain('a delete marker');
    expect(run.stdout).not.toContain('\u001b');
  });
});
