import { ForgeError } from '../errors.ts';
import { countStatements } from './scan-sql.ts';

/** For commander: `--param a --param b` gathers. */
export function gatherParameter(value: string, previous: unknown): readonly string[] {
  return [...(Array.isArray(previous) ? previous : []), value];
}

/** A statement with parameters goes out prepared, and only one can be. */
export function refuseParametersOfScript(sql: string, values: readonly string[]): void {
  if (values.length === 0) return;
  const count = countStatements(sql);
  if (count === 1) return;
  throw new ForgeError(
    'usage',
    `--param goes with one statement, and here ${count === 0 ? 'is none' : `are ${count}`}.`,
    {
      code: 'USAGE',
      hint: 'Run the statements one by one.',
    },
  );
}
