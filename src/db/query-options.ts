import { ForgeError } from '../errors.ts';
import { csvFormat } from './format-csv.ts';
import { jsonFormat, ndjsonFormat } from './format-json.ts';
import { tableFormat } from './format-table.ts';
import type { FormatOptions, ResultFormat } from './result-format.ts';
import { countStatements } from './scan-sql.ts';
import { safeJson, safeText } from './terminal-safe.ts';

export const formatNames = ['table', 'json', 'csv', 'ndjson'] as const;
export type FormatName = (typeof formatNames)[number];

/** A fresh format, and what makes its text safe where stdout is a terminal. */
export function chooseFormat(
  name: FormatName,
  options: FormatOptions,
  terminal: boolean,
): { readonly format: ResultFormat; readonly filter: ((text: string) => string) | undefined } {
  switch (name) {
    case 'table':
      // Its cells are escaped wherever they go: alignment needs it.
      return { format: tableFormat(options), filter: terminal ? (text) => text : undefined };
    case 'csv':
      return { format: csvFormat(options), filter: terminal ? safeText : undefined };
    case 'json':
      return { format: jsonFormat(), filter: terminal ? safeJson : undefined };
    case 'ndjson':
      return { format: ndjsonFormat(), filter: terminal ? safeJson : undefined };
  }
}

/** For commander: `--param a --param b` gathers. */
export function gatherParameter(value: string, previous: unknown): readonly string[] {
  return [...(Array.isArray(previous) ? previous : []), value];
}

/** `30s`, `500ms`, `5m`, `1h`; a bare number is seconds. Milliseconds out. */
export function parseTimeout(text: string): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$/.exec(text) ?? [];
  const milliseconds = Math.round(Number(digits) * (unitMilliseconds[unit] ?? Number.NaN));
  if (!(milliseconds >= 1 && milliseconds <= longest)) {
    throw new ForgeError('usage', `"${text}" is no time limit.`, {
      code: 'USAGE',
      hint: 'Say for example 500ms, 30s, 5m or 1h; at most 24h.',
    });
  }
  return milliseconds;
}

const unitMilliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};
const longest = 24 * 3_600_000;

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
