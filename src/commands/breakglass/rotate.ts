import { getSessionToken } from '../../aws/sts.ts';
import { forgetDueRotations } from '../../breakglass/offline/due-rotation.ts';
import { checkOfflineKey, obtainOfflineKey } from '../../breakglass/offline/obtain-offline-key.ts';
import { askMfaCode, isWrongCode } from '../../breakglass/offline/offline-code.ts';
import { type OfflineKey, offlineSigningKeys } from '../../breakglass/offline/offline-key.ts';
import type { OfflinePeople } from '../../breakglass/offline/offline-people.ts';
import { offlineUserArn } from '../../breakglass/offline/plan-offline.ts';
import { rotationSteps } from '../../breakglass/offline/plan-offline-steps.ts';
import { rotateKey } from '../../breakglass/offline/rotate-key.ts';
import { rotationPorts } from '../../breakglass/offline/rotation-ports.ts';
import { recordOutcome, recordStep } from '../../breakglass/record-step.ts';
import { defineCommand } from '../../command.ts';
import type { Tier } from '../../config/break-glass.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { BreakGlassParts } from './break-glass-parts.ts';
import { askPeople, offlineParts, type PeopleOptions, peopleOption } from './offline-parts.ts';
import { storeByHand } from './store-by-hand.ts';

interface RotateOptions extends PeopleOptions {
  readonly print?: boolean;
}

/** In it all is done, by people who have to find a vault first. */
const seconds = 3_600;
const mostTries = 3;

export default defineCommand<RotateOptions>({
  description:
    'Replaces the key of tier 3’s IAM user: a new key, kept in Bitwarden and tried, then the old one off, tried and removed.',
  options: [
    peopleOption,
    {
      flags: '--print',
      description: 'without bw: print the new key also where stdout is no terminal',
    },
  ],
  examples: [
    ['forge breakglass rotate --people sam,sven', 'after tier 3 was used, by the same two kinds of people'],
    ['forge breakglass rotate --plan', 'what it would call'],
  ],
  details: `The user itself does it, with MFA: one person has the key, another the device, and no administrator can do it for them. It
needs nothing of Identity Center. With bw the new key goes straight into the vault, and is read back; without, it is shown once, and
typed once more out of the vault. Whatever ends it half-way: the key that is kept works, and typing it once more goes on.
Every forge breakglass command says that a key is to be replaced, until it is.`,
  async run(context, { options }) {
    const { output, globals } = context;
    const found = await offlineParts(context);
    const tier = tierOfTwo(found);
    const userArn = offlineUserArn(found.place, tier);
    if (globals.plan) return output.plan(rotationSteps(tier, userArn));
    const people = await askPeople(context, tier, options);
    if (!context.host.stdout.isTTY && options.print !== true && tier.vaultItem === undefined) {
      throw new ForgeError('usage', 'A new key is shown at a terminal only.', {
        code: 'SECRET_IN_PIPE',
        hint: 'Leave stdout where it is; or --print, if you know where it goes.',
      });
    }
    await rotate(context, found, { tier, userArn, people, print: options.print === true });
  },
});

interface Wish {
  readonly tier: Tier;
  readonly userArn: string;
  readonly people: OfflinePeople;
  readonly print: boolean;
}

async function rotate(
  context: Context,
  { parts, place }: BreakGlassParts,
  { tier, userArn, people, print }: Wish,
): Promise<void> {
  const { output, host } = context;
  const obtained = await obtainOfflineKey(parts, tier, { fresh: true });
  const { key } = obtained;
  await checkOfflineKey(parts, place.region, key, userArn);
  const aws = await parts.aws();
  const keys = await sessionWithMfa(parts, place.region, people, key);
  const person = people.both;
  await recordStep(parts, { type: 'breakglass.rotating', person, user: userArn, keyId: key.accessKeyId });
  const caller = { aws, region: place.region, keys, userArn };
  const byHand = (made: OfflineKey) => storeByHand(context, made, { print, item: tier.vaultItem });
  const { accessKeyId, removed } = await rotateKey(key, rotationPorts(parts, caller, obtained, byHand));
  await recordOutcome(parts, { type: 'breakglass.rotated', person, user: userArn, keyId: accessKeyId });
  await forgetDueRotations(host, userArn, accessKeyId);
  output.note('The old key is removed. The new one works, and is the only one.');
  output.result({ data: { user: userArn, accessKeyId, removed }, text: () => '' });
}

/** IAM changes keys only for whoever gave MFA. */
async function sessionWithMfa(
  parts: BreakGlassParts['parts'],
  region: string,
  people: OfflinePeople,
  key: OfflineKey,
) {
  const aws = await parts.aws();
  for (let tries = 1; ; tries++) {
    const tokenCode = await askMfaCode(parts, people);
    try {
      const { mfaSerial: serialNumber } = people;
      const request = { serialNumber, tokenCode, durationSeconds: seconds };
      const issued = await getSessionToken(aws, region, offlineSigningKeys(key), request);
      return {
        accessKeyId: issued.accessKeyId,
        secretAccessKey: issued.secretAccessKey.reveal(),
        sessionToken: issued.sessionToken.reveal(),
      };
    } catch (error) {
      if (!isWrongCode(error) || tries === mostTries) throw error;
      parts.output.warn('AWS did not take this code. Each is good once: wait for the next one.');
    }
  }
}

function tierOfTwo({ place }: BreakGlassParts): Tier {
  const found = [...place.breakGlass.tiers.values()].find(({ approval }) => approval === 'two-people');
  if (found !== undefined) return found;
  throw new ForgeError('usage', 'forge.yaml has no tier for two people.', {
    code: 'TIER_UNCONFIGURED',
    hint: 'Only such a tier has a key to replace: docs/configuration.md',
  });
}
