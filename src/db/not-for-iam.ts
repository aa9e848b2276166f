import { ForgeError } from '../errors.ts';
import type { FailureFacts } from './failure-facts.ts';

/** The server did not even look at IAM: the role is one with a password. */
export function notForIam(opening: string, facts: FailureFacts, cause: unknown): ForgeError {
  const { user, name } = facts;
  const message = `${opening} The role ${user} is not set up for IAM on ${name} (not in rds_iam), or does not exist there.`;
  return new ForgeError('denied', message, {
    code: 'NOT_IAM_ROLE',
    hint: `An administrator of the database can set it up: grant rds_iam to "${user}"`,
    cause,
  });
}
