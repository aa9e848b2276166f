import { ForgeError } from '../errors.ts';

/** `30s`, `500ms`, `5m`, `1h`; a bare number is seconds. Milliseconds out. `examples`: what a refusal names. */
export function parseTimeout(text: string, examples = '500ms, 30s, 5m or 1h'): number {
  const [, digits, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?$/.exec(text) ?? [];
  const milliseconds = Math.round(Number(digits) * (unitMilliseconds[unit] ?? Number.NaN));
  if (!(milliseconds >= 1 && milliseconds <= longest)) {
    throw new ForgeError('usage', `"${text}" is no time limit.`, {
      code: 'USAGE',
      hint: `Say for example ${examples}; at most 24h.`,
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
