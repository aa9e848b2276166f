import { approveOneself } from './demo-raw-approval.ts';

/** Break-glass as people type it: who asks can't approve, who approves sees why, and an auditor finds all of it in the archive. */
export interface Person {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Stage {
  readonly print: (text: string) => void;
  /** Beside the story. */
  readonly say: (text: string) => void;
  /** A line between the scenes. */
  readonly scene: (text: string) => void;
  /** Answers what came on stdout. */
  readonly forge: (
    words: readonly string[],
    env: NodeJS.ProcessEnv,
    options?: { readonly expected?: number },
  ) => Promise<string>;
  /** Signed in, without a word. */
  readonly enter: (name: string) => Promise<Person>;
  readonly outside: NodeJS.ProcessEnv;
}

const query = [
  'db',
  'query',
  'prod-wealth',
  'select status, count(*) from orders group by status order by 2 desc limit 3',
];
const why = ['--ticket', 'INC-123', '--reason', 'orders are stuck in payment'];

export async function playBreakGlass(
  { print, say, scene, forge, enter, outside }: Stage,
  dana: Person,
): Promise<void> {
  const [mia, sam, noor] = await Promise.all(['mia', 'sam', 'noor'].map(enter));
  if (mia === undefined || sam === undefined || noor === undefined) throw new Error('Nobody came.');

  scene('Break-glass, tier 1: Dana asks, and somebody else has to decide');
  const asked = await forge(
    [
      'breakglass',
      '--tier',
      '1',
      '--scenario',
      'database',
      '--env',
      'prod-wealth',
      '--duration',
      '2h',
      ...why,
    ],
    dana.env,
    { expected: 8 },
  );
  const id = asked.trim();
  await forge(['breakglass', 'approve', id, '--yes'], dana.env, { expected: 5 });
  say(
    '(That was forge. The same without it, by the one call that gives access, with the SDK of AWS and her own sign-in:)',
  );
  print(await approveOneself(dana.env, 'dana@tapp.example', 'grp-forge-jit-tier1-database-prod-wealth'));
  scene('Mia, an engineering manager');
  await forge(['breakglass', 'approve', id, '--yes', '--note', 'read-only, please'], mia.env);
  scene('Dana is in, for one program or a shell');
  await forge(['breakglass', 'resume', id, '--keep', '--', 'forge', ...query], dana.env);

  scene('Without a terminal: the command itself asks, and goes on once it may');
  const command = ['ssm', 'run', 'prod-wealth/web-1'];
  const line = ['--', 'echo "3 workers, all waiting for the payment provider"'];
  const wanted = (await forge([...command, ...why, ...line], dana.env, { expected: 8 })).trim();
  await forge(['breakglass', 'approve', wanted, '--yes'], mia.env);
  await forge([...command, '--grant', wanted, ...line], dana.env);
  say('(What an instance of production shows is recorded:)');
  await forge(['audit', 'replay', wanted], dana.env);
  await forge(['breakglass', 'end', id, '--summary', 'Looked at the states of orders.'], dana.env);

  scene('Tier 0: Sam is on call, asks nobody, and everybody is told');
  await forge(
    [
      'breakglass',
      '--tier',
      '0',
      '--env',
      'prod-wealth',
      '--reason',
      'site down',
      '--ticket',
      'INC-124',
      '--summary',
      'Saw it.',
      '--',
      'forge',
      ...query,
    ],
    sam.env,
  );
  await forge(['sandbox', 'slack'], outside);

  scene('Noor, the auditor: is the record whole, and did nobody approve themselves?');
  await forge(['audit', 'verify', '--archive', id], noor.env);
  await forge(['breakglass', 'report', id], noor.env);
  await forge(['audit', 'verify', '--archive', '--trail'], noor.env);
}
