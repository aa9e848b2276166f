import type { OptionDefinition } from '../../command.ts';
import type { Environment } from '../../config/config.ts';
import { parseDuration } from '../../config/duration.ts';
import { ForgeError } from '../../errors.ts';
import type { Environment as Variables } from '../../host.ts';

export interface ConnectOptions {
  readonly reason?: string;
  readonly document?: string;
  /** Seconds. */
  readonly maxDuration?: number;
  readonly transport?: Transport;
  readonly record?: boolean;
}

/** Who carries the session: forge itself, or AWS's own plugin. */
export type Transport = (typeof transports)[number];
const transports = ['builtin', 'plugin'] as const;

export const reasonOption: OptionDefinition = {
  flags: '--reason <text>',
  description: 'why: recorded, and told to AWS (CloudTrail, session history)',
};

export const transportOption: OptionDefinition = {
  flags: '--transport <name>',
  description: "builtin, or plugin: AWS's own session-manager-plugin (FORGE_SSM_TRANSPORT)",
  choices: transports,
};

/** What is said, or else what FORGE_SSM_TRANSPORT says. Throws usage for what that can't be. */
export function transportOf(
  { transport }: Pick<ConnectOptions, 'transport'>,
  variables: Variables,
): Transport {
  const said = transport ?? (variables.FORGE_SSM_TRANSPORT || 'builtin');
  const known = transports.find((name) => name === said);
  if (known !== undefined) return known;
  throw new ForgeError('usage', `FORGE_SSM_TRANSPORT can't be ${JSON.stringify(said)}.`, {
    code: 'USAGE',
    hint: 'It is builtin or plugin; unset it for builtin.',
  });
}

export const recordOption: OptionDefinition = {
  flags: '--record',
  description: 'records what is shown, as in production always: forge audit replay',
};

export const shellOptions: readonly OptionDefinition[] = [
  reasonOption,
  {
    flags: '--max-duration <time>',
    description: 'ends the session after this, e.g. 2h; says so 10 and 1 minute before',
    parse: parseMaxDuration,
  },
  transportOption,
  { flags: '--document <name>', description: "session document, in place of forge.yaml's or AWS's" },
  recordOption,
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
