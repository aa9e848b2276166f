import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { median } from './statistics.ts';

export interface Candidate {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export interface Measured {
  readonly name: string;
  /** User and system CPU milliseconds of the command and its children, as wait4 reports them; the median. */
  readonly cpu: number;
  readonly wall: number;
}

/**
 * Runs every candidate once a round, in turn, so that a slow moment of the machine meets all of them; medians.
 * CPU time comes from bash's `time`, which reads the child's resource usage; Node can't ask for a child's.
 */
export function measure(candidates: readonly Candidate[], rounds: number): Measured[] {
  const samples = candidates.map(() => ({ cpu: [] as number[], wall: [] as number[] }));
  for (let round = -1; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const before = performance.now();
      const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&3';
      const ended = spawnSync('bash', ['-c', script, 'bash', ...candidate.command], {
        env: candidate.env,
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
      });
      const wall = performance.now() - before;
      if (ended.status !== 0)
        throw new Error(`${candidate.name} ended with ${ended.status}: ${ended.output[3]}`);
      const [user, system] = ended.stderr.trim().split(/\s+/).map(Number);
      // The first round only fills the file cache and the caches of forge.
      if (round < 0) continue;
      samples[index]?.cpu.push(((user ?? 0) + (system ?? 0)) * 1000);
      samples[index]?.wall.push(wall);
    }
  }
  return candidates.map(({ name }, index) => ({
    name,
    cpu: median(samples[index]?.cpu ?? []),
    wall: median(samples[index]?.wall ?? []),
  }));
}
