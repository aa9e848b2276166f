import { productionGlobals } from './access/takes-grant.ts';
import type { Entry } from './command-tree/command-group.ts';
import { entries } from './command-tree.ts';

/** Global options that take a value: needed to find the command's words between them. */
export const valuedGlobals = [
  '--output',
  '--env',
  '--config',
  '--profile',
  '--region',
  ...productionGlobals,
] as const;
export const plainGlobals = ['--no-input', '--quiet', '--debug', '--plan'] as const;

/** Positions of what is neither an option nor a global option's value. */
export function wordPositions(words: readonly string[]): number[] {
  const positions: number[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (valuedGlobals.some((option) => option === word)) index++;
    else if (!word.startsWith('-')) positions.push(index);
  }
  return positions;
}

/** The command that the first words name, and how many words that took. */
export function findEntry(words: readonly string[]): [Entry, number] | [undefined, 0] {
  for (const count of [2, 1]) {
    const path = words.slice(0, count).join(' ');
    const entry = words.length >= count ? entries.find((candidate) => candidate.path === path) : undefined;
    if (entry !== undefined) return [entry, count];
  }
  return [undefined, 0];
}
