import type { OptionDefinition } from '../../command.ts';
import type { Environment } from '../../config/config.ts';
import { parseDuration } from '../../config/duration.ts';
import { ForgeError } from '../../errors.ts';

export interface ConnectOptions {
  readonly reason?: string;
  readonly document?: string;
  /** Seconds. */
  readonly maxDuration?: number;
}

export const reasonOption: OptionDefinition = {
  flags: '--reason <text>',
  description: 'why: recorded, and told to AWS (CloudTrail, session history)',
};

export const shellOptions: readonly OptionDefinition[] = [
  reasonOption,
  {
    flags: '--max-duration <time>',
    description: 'ends the session after this, e.g. 2h; says so 10 and 1 minute before',
    parse: parseMaxDuration,
  },
  { flags: '--document <name>', description: "session document, in place of forge.yaml's or AWS's" },
];

/** The shorter of what is asked for and what forge.yaml allows, milliseconds; undefined: AWS's own limits. */
export function maximumMs(
  { maxDuration }: ConnectOptions,
  environment?: Pick<Environment, 'maxSessionSeconds'>,
): number | undefined {
  const limits = [maxDuration, environment?.maxSessionSeconds].filter((seconds) => seconds !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits) * 1000;
}

function parseMaxDuration(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new ForgeError(
    'usage',
    `--max-duration takes a time such as 30m or 2h, not ${JSON.stringify(text)}.`,
    {
      code: 'USAGE',
    },
  );
}
