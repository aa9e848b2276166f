import { findGroupByName, isInAnyGroup } from '../../aws/identitystore.ts';
import type { Tier } from '../../config/break-glass.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { AccessCaller } from '../access-account.ts';
import type { Person } from '../protocol/document-parts.ts';

/** As many as AWS takes in one question. */
const most = 100;

/**
 * Whoever may not ask is told before anybody else is asked. A courtesy: IAM and the judge decide, so that where
 * membership can't be read the request goes on to them. Throws denied NOT_A_REQUESTER.
 */
export async function checkRequester(
  { output }: Pick<IdentityParts, 'output'>,
  caller: AccessCaller,
  person: Person,
  tier: Pick<Tier, 'name' | 'requesters'>,
): Promise<void> {
  if (tier.requesters.length === 0 || tier.requesters.length > most) return;
  if ((await isRequester(output, caller, person, tier)) !== false) return;
  const groups = tier.requesters.join(' or ');
  throw new ForgeError('denied', `Tier ${tier.name} is asked for by ${groups}, and you are in none.`, {
    code: 'NOT_A_REQUESTER',
    hint: 'Ask one of them, or an administrator for the group. What there is: forge config show',
  });
}

/** Undefined: can't be read. */
async function isRequester(
  output: IdentityParts['output'],
  caller: AccessCaller,
  { userId }: Person,
  tier: Pick<Tier, 'requesters'>,
): Promise<boolean | undefined> {
  try {
    const found = await Promise.all(tier.requesters.map((name) => findGroupByName(caller, name)));
    const known = found.filter((id) => id !== undefined);
    if (known.length > 0 && (await isInAnyGroup(caller, userId, known))) return true;
    // A group that is not there may be one that is called otherwise.
    return known.length === found.length ? false : undefined;
  } catch (error) {
    if (!(error instanceof ForgeError) || error.kind === 'interrupted' || error.kind === 'terminated')
      throw error;
    output.debug(`who may ask can't be read: ${error.message}`);
    return undefined;
  }
}
