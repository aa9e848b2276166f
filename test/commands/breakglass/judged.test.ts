import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { archiveBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { factsOf, peopleOf } from '../../support/break-glass-people.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

/** What the commands do, judged by the real handlers: they see AWS's events and the documents, and nothing of forge. */
let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await Promise.all(['dana', 'mia', 'sam'].map((person) => sandbox.signIn(person)));
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});
const { ask, approve, forge } = peopleOf(() => sandbox);

const records = () =>
  [...(sandbox.world.organisation.buckets.find(({ name }) => name === archiveBucket)?.objects ?? [])].flatMap(
    ([key, versions]) => {
      const parsed = parseRecord(versions.at(-1)?.body ?? new Uint8Array());
      return parsed.ok && key.startsWith('sessions/') ? [parsed.value] : [];
    },
  );
const opened = () => records().flatMap((record) => (record.kind === 'open' ? [record.body.session] : []));

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 50) {
    if (waited > 30_000) throw new Error(`not within 30 s; sessions: ${JSON.stringify(opened())}`);
    await sleep(50);
  }
}

describe('the handlers find nothing to object to', () => {
  it('in a grant, its prolongation and its early end', async () => {
    const first = await ask();
    await approve('mia', first.id);
    const second = factsOf(await forge('dana', ['extend', first.id]));
    await approve('mia', second.id);
    await until(() => opened().length >= 2);
    expect(opened().map(({ id, sanctioned, why }) => [id, sanctioned, why])).toEqual([
      [first.id, true, undefined],
      [second.id, true, undefined],
    ]);
    expect(opened()[0]?.approvers.map(({ userName }) => userName)).toEqual(['mia@tapp.example']);
    await forge('dana', ['end', first.id]);
    await forge('dana', ['end', second.id, '--summary', 'done']);
    await until(() => records().some(({ kind, session }) => kind === 'end' && session === second.id));
  });

  it('in an emergency', async () => {
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
    const run = await sandbox.forge([...line, '--', 'true'], { person: 'sam' });
    expect(run.code, run.stderr).toBe(0);
    await until(() => opened().some(({ id }) => id.startsWith('EV-')));
    expect(opened().find(({ id }) => id.startsWith('EV-'))).toMatchObject({
      sanctioned: true,
      tier: 0,
      environment: 'prod-cash',
      ticket: 'INC-1',
      reason: 'site down',
      userName: 'sam@tapp.example',
    });
  });
});
