import type { OptionDefinition } from '../../command.ts';
import { parseDuration } from '../../config/duration.ts';
import { ForgeError } from '../../errors.ts';

/** A time in the past: so long before `now`, or at. */
export type Since = { readonly seconds: number } | { readonly at: number };

export const sinceOption: OptionDefinition = {
  flags: '--since <time>',
  description: 'only what began since then: 2h, 7d, 2026-11-01 or 2026-11-01T08:00Z',
  parse: parseSince,
};

/** A day begins at midnight UTC: records have no other time. */
function parseSince(text: string): Since {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return { seconds };
  const [, day, clock] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})))?$/.exec(text) ??
    [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${clock ?? '00:00Z'}`);
  if (!Number.isNaN(at)) return { at };
  throw new ForgeError('usage', `--since can't be "${text}".`, {
    code: 'INVALID_SINCE',
    hint: 'It is a span such as 2h or 7d, a day (2026-11-01), or a time with its zone (2026-11-01T08:00Z).',
  });
}

/** Epoch milliseconds; undefined: from the beginning. */
export const sinceTime = (since: Since | undefined, now: number): number | undefined =>
  since === undefined ? undefined : 'at' in since ? since.at : now - since.seconds * 1_000;
