import { breakGlassPlace } from '../../breakglass/break-glass-place.ts';
import { type OfflinePeople, offlinePeople, splitPeople } from '../../breakglass/offline/offline-people.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';

export interface PeopleOptions {
  readonly people?: string;
}

export const peopleOption = {
  flags: '--people <a,b>',
  description: 'tier 3: who has the key, and who the MFA device',
};

/** As breakGlassParts, but nobody is asked for keys on the way: Identity Center is down. */
export async function offlineParts(context: Context): Promise<BreakGlassParts> {
  const place = breakGlassPlace(await context.config());
  return { parts: { ...identityParts(context), output: context.output }, place };
}

export const isForTwo = ({ breakGlass }: Config, tier: string | undefined): boolean =>
  tier !== undefined && breakGlass?.tiers.get(tier)?.approval === 'two-people';

/** Both are there: nothing of this can be answered by a script. Throws BREAKGLASS_NO_TERMINAL. */
export async function askPeople(
  { prompt, output, host }: Context,
  tier: Tier,
  { people }: PeopleOptions,
): Promise<OfflinePeople> {
  if (!prompt.possible) {
    throw new ForgeError('usage', `Two people open tier ${tier.name} together, at a terminal.`, {
      code: 'BREAKGLASS_NO_TERMINAL',
      hint: 'One has the key, the other the MFA device; both are asked for what they have.',
    });
  }
  if (people !== undefined) return offlinePeople(tier, ...splitPeople(people));
  for (;;) {
    const keyHolder = await prompt.text({
      message: 'Who has the key? (you, at the keyboard)',
      flag: '--people',
      default: host.userName,
    });
    const names = [...tier.mfaDevices.keys()];
    const deviceHolder =
      names.length === 1
        ? (names[0] ?? '')
        : await prompt.select({
            message: 'Who has the MFA device?',
            flag: '--people',
            choices: names.map((name) => ({ name, value: name })),
          });
    try {
      return offlinePeople(tier, keyHolder, deviceHolder);
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      output.warn(`${error.message} ${error.hint ?? ''}`.trim());
    }
  }
}

/** Identity Center does not answer whoever is on call: there is a way without it. Any other failure stays as it is. */
export function namingTierOfTwo({ place }: BreakGlassParts, error: unknown): unknown {
  const two = [...place.breakGlass.tiers.values()].find(({ approval }) => approval === 'two-people');
  const isDown =
    error instanceof ForgeError &&
    error.kind === 'unreachable' &&
    /\bsso(?:-oidc)? [A-Z]/.test(error.message);
  if (two === undefined || !isDown) return error;
  return new ForgeError(error.kind, error.message, {
    code: error.code,
    hint: `${error.hint ?? ''} Is Identity Center down? Two people get in without it: forge breakglass --tier ${two.name}`.trim(),
    cause: error,
  });
}
