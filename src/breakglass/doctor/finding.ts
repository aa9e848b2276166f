import { ForgeError } from '../../errors.ts';

/** `unseen`: could not be looked at now. `other`: not for this person to see, or not used here. */
export type Verdict = 'ok' | 'bad' | 'unseen' | 'other';

/** One line of what the doctor says. Unescaped. */
export interface Finding {
  /** Stable for scripts. */
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** What to do. */
  readonly hint?: string | undefined;
}

/** 1: something is wrong. 2: nothing seen is, and not all could be seen. */
export function doctorExitCode(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ verdict }) => verdict === 'bad')) return 1;
  return findings.some(({ verdict }) => verdict === 'unseen') ? 2 : 0;
}

/** What a look finds; where it fails, that nothing could be seen, and why. Ctrl-C goes on its way. */
export async function look(
  check: string,
  seen: () => Promise<readonly Finding[] | Omit<Finding, 'check'>>,
): Promise<readonly Finding[]> {
  try {
    const found = await seen();
    return 'verdict' in found ? [{ check, ...found }] : found;
  } catch (error) {
    const known = error instanceof ForgeError && !['interrupted', 'terminated'].includes(error.kind);
    // What can't be recorded is not tried.
    if (!known || error.code === 'JOURNAL_FAILED') throw error;
    return [{ check, verdict: 'unseen', detail: error.message, hint: error.hint }];
  }
}
