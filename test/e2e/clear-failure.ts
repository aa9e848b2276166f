import { expect } from 'vitest';
import type { ErrorKind } from '../../src/errors.ts';
import { exitCodes } from '../../src/errors.ts';
import type { Run, RunOptions, TestSandbox } from '../support/sandbox.ts';
import { copyHome, expectTidy, listFiles } from './home-folder.ts';

/** What somebody gets to see when something does not work. */
export interface Failure {
  readonly kind: ErrorKind;
  /** Stable, for scripts. */
  readonly code: string;
  /** The one sentence, whole. */
  readonly says: RegExp;
  /** The next step: the line after it, and what there is to choose from. */
  readonly next: RegExp;
}

export interface FailingRun extends Omit<RunOptions, 'home'> {
  readonly args: readonly string[];
  /** Copied for each of the two runs. */
  readonly home: string;
  /** Files that it may leave besides the journal and the caches of role credentials and configuration. */
  readonly leaves?: readonly RegExp[];
  /** Lines that may come before the error. */
  readonly notes?: RegExp;
}

/** What a command that does its work, or fails, may add to a HOME. */
const usual = [/^\.local\/state\/forge\/audit\/\d{4}-\d\d\.jsonl$/, /^\.cache\/forge\//];

/**
 * Runs it for people and for scripts: the documented exit code, nothing on stdout, one sentence and the next step
 * or one line of JSON with the same, never a stack, and no litter in HOME.
 */
export async function expectClearFailure(
  sandbox: TestSandbox,
  failing: FailingRun,
  expected: Failure,
): Promise<readonly [Run, Run]> {
  const inForm = async (args: readonly string[]) => {
    const home = await copyHome(failing.home, await sandbox.newHome());
    const before = await listFiles(home);
    const run = await sandbox.forge(args, { ...failing, home });
    return { run, home, before };
  };
  const [forPeople, forScripts] = await Promise.all([
    inForm(failing.args),
    inForm([...failing.args, '--output', 'json']),
  ]);
  for (const { run, home, before } of [forPeople, forScripts]) {
    expect(run.stderr).not.toMatch(/^\s+at |node:internal|INTERNAL/m);
    expect({ code: run.code, stdout: run.stdout, stderr: run.stderr }).toMatchObject({
      code: exitCodes[expected.kind],
      stdout: '',
    });
    await expectTidy(home);
    const added = (await listFiles(home)).filter((file) => !before.includes(file));
    const allowed = [...usual, ...(failing.leaves ?? [])];
    expect(added.filter((file) => !allowed.some((pattern) => pattern.test(file)))).toEqual([]);
  }
  const [sentence = '', ...steps] = withoutNotes(forPeople.run.stderr, failing.notes);
  expect(sentence).toMatch(/^Error: [^\s].*[.?!]$/);
  expect(sentence).toMatch(expected.says);
  expect(steps.join('\n')).toMatch(expected.next);
  expect(steps.length, forPeople.run.stderr).toBeLessThan(4);

  const [line, ...more] = withoutNotes(forScripts.run.stderr, failing.notes);
  expect(more).toEqual([]);
  expect(JSON.parse(line ?? '')).toEqual({
    error: {
      code: expected.code,
      message: expect.stringMatching(expected.says),
      hint: expect.stringMatching(expected.next),
    },
  });
  return [forPeople.run, forScripts.run];
}

function withoutNotes(stderr: string, notes: RegExp | undefined): string[] {
  const lines = stderr.replace(/\n$/, '').split('\n');
  return notes === undefined ? lines : lines.filter((line) => !notes.test(line));
}
