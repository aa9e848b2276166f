import type { Run, TestSandbox } from './sandbox.ts';

/** A request as `--output json` shows it. */
export interface RequestFacts {
  readonly id: string;
  readonly shortId: string;
  readonly status: string;
  readonly approve: string | null;
  readonly requester: { readonly userId: string; readonly userName: string };
  readonly approvedBy: readonly { readonly userName: string }[];
  readonly deniedBy: { readonly userName: string } | null;
  readonly endsAt: string | null;
  readonly sha256: string;
  readonly extends: string | null;
  readonly ticket: string | null;
  readonly membership?: string | null;
}

export const factsOf = (run: Run): RequestFacts => JSON.parse(run.stdout) as RequestFacts;

const wish: Readonly<Record<string, string>> = {
  '--tier': '1',
  '--scenario': 'database',
  '--env': 'prod-wealth',
  '--duration': '2h',
  '--ticket': 'INC-123',
  '--reason': 'orders stuck',
};

/** The line that asks; `changes` of undefined leave an option out. */
export const askLine = (changes: Readonly<Record<string, string | undefined>> = {}): readonly string[] => [
  'breakglass',
  ...Object.entries({ ...wish, ...changes }).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, value],
  ),
];

/** What people do at the sandbox, in one word each; every one is a process of the built forge. */
export function peopleOf(sandbox: () => TestSandbox) {
  const forge = (person: string, args: readonly string[]) =>
    sandbox().forge(['breakglass', '--output', 'json', ...args], { person });
  return {
    forge,
    async ask(
      person = 'dana',
      changes: Readonly<Record<string, string | undefined>> = {},
    ): Promise<RequestFacts> {
      const run = await sandbox().forge([...askLine(changes), '--output', 'json'], { person });
      if (run.code !== 8) throw new Error(`asking: ${run.code} ${run.stderr}`);
      return factsOf(run);
    },
    approve: (person: string, id: string, ...more: string[]) =>
      forge(person, ['approve', id, '--yes', ...more]),
    deny: (person: string, id: string, ...more: string[]) => forge(person, ['deny', id, '--yes', ...more]),
    async show(id: string, person = 'dana'): Promise<RequestFacts> {
      return factsOf(await forge(person, ['show', id]));
    },
  };
}

/** The refusal as a script reads it. */
export function refusalOf(run: Run): {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
} {
  const line = run.stderr.trim().split('\n').at(-1) ?? '';
  return (JSON.parse(line) as { error: { code: string; message: string; hint?: string } }).error;
}
