import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Run, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  for (const person of ['dana', 'mia', 'sven']) await sandbox.signIn(person);
}, 120_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const wish = (...more: string[]) => [
  'breakglass',
  '--tier',
  '1',
  '--scenario',
  'database',
  '--env',
  'prod-wealth',
  '--duration',
  '2h',
  '--ticket',
  'INC-123',
  '--reason',
  'orders stuck',
  ...more,
];

interface Facts {
  readonly id: string;
  readonly shortId: string;
  readonly status: string;
  readonly approve: string | null;
  readonly endsAt: string | null;
  readonly membership?: string | null;
}
const facts = (run: Run): Facts => JSON.parse(run.stdout) as Facts;

async function ask(person = 'dana', ...more: string[]): Promise<Facts> {
  const run = await sandbox.forge(wish('--output', 'json', ...more), { person });
  expect(run.code, run.stderr).toBe(8);
  return facts(run);
}

describe('asking and approving', () => {
  it('request → approve → the role can be used → given back', async () => {
    const asked = await ask();
    expect(asked).toMatchObject({ status: 'waiting', approve: `forge breakglass approve ${asked.id}` });
    const approved = await sandbox.forge(
      ['breakglass', 'approve', asked.shortId, '--yes', '--note', 'read only, please', '--output', 'json'],
      { person: 'mia' },
    );
    expect(approved.stderr).toContain('dana@tapp.example');
    expect(approved.code, approved.stderr).toBe(0);
    expect(facts(approved)).toMatchObject({ status: 'granted', membership: 'made' });
    const used = await sandbox.forge(
      [
        'breakglass',
        'resume',
        asked.shortId,
        '--',
        'sh',
        '-c',
        'echo $AWS_CONTAINER_CREDENTIALS_FULL_URI $FORGE_ENV',
      ],
      { person: 'dana' },
    );
    expect(used.stderr).toContain('read only, please');
    expect(used.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\S+ prod-wealth$/m);
    expect(used.stderr).toContain('You are out of its group.');
    expect(used.code).toBe(0);
    const again = await sandbox.forge(['breakglass', 'resume', asked.shortId, '--', 'true'], {
      person: 'dana',
    });
    expect(again.stderr).toContain('was ended');
    expect(again.code).toBe(2);
  });
});
