import type { Environment, RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from '../identity/caller-arn.ts';
import type { VerifiedCredentials } from '../identity/verified-caller.ts';

/**
 * The keys must be those of the account, and of the last role of the chain, that the configuration names: the
 * right name with the wrong account behind it is how people end in the wrong database.
 */
export function checkCaller(
  credentials: Pick<VerifiedCredentials, 'callerArn' | 'source'>,
  environment: Pick<Environment, 'name' | 'account'>,
  chain: readonly Pick<RoleStep, 'roleArn'>[],
): void {
  const caller = parseCallerArn(credentials.callerArn);
  const role = chain.at(-1)?.roleArn;
  const wanted = role === undefined ? undefined : parseCallerArn(role)?.name;
  const wrongAccount = caller?.account !== environment.account;
  if (!wrongAccount && (role === undefined || caller.name === wanted)) return;
  const should = wrongAccount ? `account ${environment.account}` : (role ?? '');
  throw new ForgeError(
    'denied',
    `The keys (${credentials.source}) are ${credentials.callerArn}; ${environment.name} is ${should}.`,
    {
      code: wrongAccount ? 'WRONG_ACCOUNT' : 'WRONG_ROLE',
      hint: 'Nothing was done with them. Compare forge whoami with forge config show.',
    },
  );
}
