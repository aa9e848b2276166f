import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRecord as parseJournalRecord } from '../../../src/audit/journal-record.ts';
import {
  type EvidencePiece,
  missingPieces,
  parseEvidence,
} from '../../../src/breakglass/protocol/evidence.ts';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { evidencePieces } from '../../../src/breakglass/protocol/record-bodies.ts';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { peopleOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** What is left of an emergency on the person's machine reaches the intake, the archive and the auditor. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sam', 'noor'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const objects = (bucket: string) =>
  [...(sandbox.world.organisation.buckets.find(({ name }) => name === bucket)?.objects ?? [])].map(
    ([key, versions]) => ({ key, text: Buffer.from(versions.at(0)?.body ?? []).toString('utf8') }),
  );
const delivered = () => objects(intakeBucket).filter(({ key }) => key.startsWith('evidence/'));
const pieces = (): readonly EvidencePiece[] =>
  delivered().map(({ key, text }) => {
    const piece = parseEvidence(text);
    if (piece === undefined) throw new Error(`${key} is no piece of evidence`);
    return piece;
  });
const eventsOf = (some: readonly EvidencePiece[]) =>
  some.flatMap(({ parts }) =>
    parts
      .filter(({ of }) => of === 'journal')
      .flatMap(({ lines }) => lines.map((line) => parseJournalRecord(line)?.event)),
  );
const records = () =>
  objects(archiveBucket).flatMap(({ key, text }) => {
    const parsed = parseRecord(Buffer.from(text));
    return parsed.ok && key.startsWith('sessions/EV-') ? [parsed.value] : [];
  });

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 30_000) throw new Error(`not within 30 s: ${JSON.stringify(records()).slice(0, 2_000)}`);
    await sleep(50);
  }
}

const { ask, approve } = peopleOf(() => sandbox);
const granted = new Set<string>();
const line = [
  'breakglass',
  '--tier',
  '0',
  '--env',
  'prod-cash',
  '--ticket',
  'INC-1',
  '--reason',
  'site down',
];
/** Typed as an argument, where no secret belongs, and in a statement. */
const canary = 'hunter2-Korrekt-Pferd';

describe('evidence of a grant', () => {
  it('that is used on two machines is numbered in turn, each with its own pieces', async () => {
    const asked = await ask();
    granted.add(asked.id);
    expect((await approve('mia', asked.id)).code).toBe(0);
    const other = { env: { XDG_STATE_HOME: join(await sandbox.newHome(), 'state') } };
    const look = ['forge', 'exec', 'prod-wealth', '--reason', 'look', '--', 'true'];
    const enter = (...words: string[]) => ['breakglass', 'resume', asked.id, ...words];
    for (const options of [{}, other, {}, other]) {
      const run = await sandbox.forge(enter('--keep', '--', ...look), options);
      expect(run.code, run.stderr).toBe(0);
    }
    const own = delivered().filter(({ key }) => key.includes(asked.id));
    const numbers = own.map(({ key }) => Number(key.slice(-12, -6))).sort((a, b) => a - b);
    expect(numbers).toEqual(own.map((_, number) => number));
    const found = pieces().filter(({ session }) => session === asked.id);
    expect(new Set(found.map(({ writer }) => writer)).size).toBe(2);
    expect(missingPieces(found)).toEqual([]);
    const types = eventsOf(found).map((event) => event?.type);
    for (const type of ['breakglass.session.opened', 'breakglass.credentials', 'breakglass.session.closed'])
      expect(types.filter((one) => one === type)).toHaveLength(4);
    const accesses = eventsOf(found).filter((event) => event?.type === 'access.opened');
    expect(accesses.map((event) => event?.purpose)).toEqual(['exec', 'exec', 'exec', 'exec']);
    expect(accesses.every((event) => event?.breakglass === asked.id)).toBe(true);
  });
});

describe('evidence of an emergency', () => {
  let first = '';

  it('tells what was done, statements too, and nothing else of what was typed', async () => {
    const script = [
      `forge exec prod-cash --reason look -- sh -c true --password=${canary} ${canary}`,
      `forge db query prod-cash "select '${canary}'" --output csv`,
    ].join('; ');
    const run = await sandbox.forge([...line, '--', 'sh', '-c', script], { person: 'sam' });
    expect(run.stdout, run.stderr).toContain(canary);
    const found = pieces().filter(({ session }) => !granted.has(session));
    expect(missingPieces(found)).toEqual([]);
    expect(new Set(found.map(({ session }) => session)).size).toBe(1);
    first = found[0]?.session ?? '';
    const events = eventsOf(found);
    const types = events.map((event) => `${event?.type}`);
    expect(types.filter((type) => type.startsWith('breakglass.'))).toEqual([
      'breakglass.emergency',
      'breakglass.credentials',
      'breakglass.session.opened',
      'breakglass.session.closed',
    ]);
    expect(events[1]?.keyId).toMatch(/^ASIA/);
    // The way to the database led through an instance.
    const opened = events.filter((event) => event?.type === 'access.opened');
    expect(opened.map((event) => event?.purpose)).toEqual(['exec', 'db query', 'db query, tunnel']);
    expect(opened[0]).toMatchObject({ program: 'sh', v: 1, keyId: events[1]?.keyId });
    expect(types.filter((type) => type === 'access.closed')).toHaveLength(3);
    for (const event of events) expect([event?.breakglass, event?.id]).toContain(first);
    const parts = found.flatMap((piece) => piece.parts);
    const ofStatements = parts.filter(({ of }) => of.startsWith('statements-'));
    expect(JSON.stringify(parts.filter((part) => !ofStatements.includes(part)))).not.toContain(canary);
    const statements = ofStatements.flatMap(({ lines }) => lines).map((text) => JSON.parse(text));
    expect(statements.filter(({ sql }) => sql?.includes(canary))).toMatchObject([
      { type: 'statement', breakglass: first, kind: 'query' },
    ]);
    const closed = events.find((event) => event?.type === 'statements.closed');
    expect(closed).toMatchObject({ lines: statements.length, head: statements.at(-1)?.hash });
    expect(JSON.stringify(delivered())).not.toMatch(/sessionToken|secretAccessKey/i);
  });

  it('of a forge that was killed is delivered by the next command, once', async () => {
    using terminal = await sandbox.pty(
      [...line, '--', 'sh', '-c', 'forge exec prod-cash --reason look -- true; echo rea""dy; sleep 600'],
      { person: 'sam' },
    );
    await terminal.waitFor(/ready/);
    process.kill(terminal.pid, 'SIGKILL');
    await terminal.exit;
    const later = () => pieces().filter(({ session }) => session !== first && !granted.has(session));
    const types = () => eventsOf(later()).map((event) => event?.type);
    const status = () => sandbox.forge(['breakglass', 'status'], { person: 'sam' });
    // Two at once, and then another.
    for (const runs of [await Promise.all([status(), status()]), [await status()]]) {
      for (const run of runs) expect(run.code, run.stderr).toBe(0);
      expect(types()).toEqual([
        'breakglass.emergency',
        'breakglass.credentials',
        'breakglass.session.opened',
        'access.opened',
        'access.closed',
      ]);
    }
  });

  it('is kept with the session that AWS knows, sealed, shown and verified', async () => {
    await until(() => records().filter(({ kind }) => kind === 'open').length === 2);
    // Their end, and then what is collected after it.
    for (const minutes of [61, 84]) {
      sandbox.world.setClockOffset(minutes * 60_000);
      await sandbox.world.machine.turnClock(minutes * 60_000);
    }
    await until(() => records().filter(({ kind }) => kind === 'seal').length >= 2);
    const opened = records().find(({ kind, body }) => kind === 'open' && body.session.clientId === first);
    const named = records().flatMap((record) =>
      record.kind === 'evidence' && record.session === opened?.session ? evidencePieces(record.body) : [],
    );
    expect(named.length).toBeGreaterThan(0);
    const kept = objects(archiveBucket).filter(({ key }) => named.some(({ file }) => file.key === key));
    const ofFirst = delivered().filter(({ key }) => key.includes(first));
    expect(kept.map(({ text }) => text).sort()).toEqual(ofFirst.map(({ text }) => text).sort());
    const seal = records().findLast(({ kind, session }) => kind === 'seal' && session === opened?.session);
    expect(seal?.kind === 'seal' && seal.body.files.map(({ key }) => key)).toEqual(
      expect.arrayContaining(named.map(({ file }) => file.key)),
    );
    // The auditor's own clock and sign-in are today's.
    sandbox.world.setClockOffset(0);
    const shown = await sandbox.forge(['audit', 'show', '--archive', opened?.session ?? ''], {
      person: 'noor',
    });
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toContain('client-000000.jsonl');
    expect(shown.stdout).toMatch(/access\.opened +exec +prod-cash +sh\n/);
    expect(shown.stdout).toMatch(/access\.opened +db query, tunnel +prod-cash\/bastion\n/);
    expect(shown.stdout).toMatch(/breakglass\.session\.closed +finished/);
    const log = await sandbox.forge(['audit', 'show', '--archive', opened?.session ?? '', '--sql'], {
      person: 'noor',
    });
    expect(log.code, log.stderr).toBe(0);
    expect(log.stdout).toMatch(
      /prod-cash +sam@[\s\S]* SELECT, 1 row [^\n]*\n +select 'hunter2-Korrekt-Pferd'\n/,
    );
    const verified = await sandbox.forge(['audit', 'verify', '--archive'], { person: 'noor' });
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  });
});
