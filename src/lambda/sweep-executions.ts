import { asJsonObject } from '../lib/json-object.ts';
import { recentDays } from './intake.ts';
import type { Ports, WorkflowInput } from './ports.ts';

/**
 * Starts executions again that failed, timed out or were stopped by hand, with what they began with: every step can be
 * done twice, so they go on where they were. The name counts: once it is there, starting it once more does nothing.
 */
export async function sweepExecutions({ workflow, now }: Ports): Promise<readonly string[]> {
  const unfinished = await workflow.unfinished(now() - recentDays * 86_400_000);
  const tries = new Map<string, { tried: number; input: () => Promise<unknown> }>();
  for (const { name, input } of unfinished) {
    const [, base = name, number = '0'] = /^(.+)-r(\d{1,4})$/.exec(name) ?? [];
    const tried = Math.max(Number(number), tries.get(base)?.tried ?? 0);
    tries.set(base, { tried, input });
  }
  const done: string[] = [];
  for (const [base, { tried, input }] of tries) {
    if (tried >= mostTries) continue;
    const again = `${base}-r${tried + 1}`;
    const given = asJsonObject(await input());
    if (given?.trigger === undefined) continue;
    if (await workflow.start(again, given as unknown as WorkflowInput)) done.push(`restarted ${again}`);
  }
  return done;
}

/** A day of trying every five minutes; after that the other sweeps still see what is left. */
const mostTries = 288;
