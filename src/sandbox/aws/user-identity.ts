import { isoSeconds } from '../../lib/iso-seconds.ts';
import { identityStoreArn } from '../break-glass/arns.ts';
import type { EventParameters } from '../event-log.ts';
import { roleArn } from '../organisation.ts';
import type { IssuedKeys } from '../principal.ts';

/** CloudTrail's userIdentity. Source: CloudTrail User Guide, "CloudTrail userIdentity element". */
export function userIdentity({
  principal,
  accessKeyId,
  sessionToken,
  issuedAt,
}: IssuedKeys): EventParameters {
  const attributes = {
    creationDate: isoSeconds(issuedAt),
    mfaAuthenticated: String(principal.mfaAt !== undefined),
  };
  const common = {
    principalId: principal.userId,
    arn: principal.arn,
    accountId: principal.account,
    accessKeyId,
  };
  if (principal.kind === 'user') {
    const sessionContext = sessionToken === undefined ? undefined : { sessionIssuer: {}, attributes };
    return { type: 'IAMUser', ...common, userName: principal.user.name, sessionContext };
  }
  const { role, sourceIdentity, person } = principal;
  return {
    type: 'AssumedRole',
    ...common,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: role.id,
        arn: roleArn(role),
        accountId: role.account,
        userName: role.name,
      },
      attributes,
      sourceIdentity,
    },
    // Identity Center's own sessions say whose they are; a role that one of them assumes does not.
    ...(person === undefined ? {} : { onBehalfOf: { userId: person.id, identityStoreArn } }),
  };
}
