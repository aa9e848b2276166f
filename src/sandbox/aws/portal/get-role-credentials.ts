import { permissionSetsOf } from '../../organisation.ts';
import type { RolePrincipal } from '../../principal.ts';
import { identityCenterRole, samlProviderArn } from '../../seed-roles.ts';
import { AwsFailure } from '../aws-failure.ts';
import { trailTime } from '../trail-time.ts';
import { accountIn, type PortalRequest } from './portal-request.ts';

/**
 * Keys for a permission set in an account, if it is assigned now. Lives as long as the permission set says;
 * taking the assignment away later does not end them, as with AWS.
 */
export function getRoleCredentials({ world, token, query, userAgent }: PortalRequest): object {
  const { person } = token.session;
  const account = accountIn(query);
  const roleName = query.get('role_name');
  if (!roleName) throw new AwsFailure('InvalidRequestException', 400, 'role_name is required');
  const permissionSet = world.organisation.permissionSets.find((set) => set.name === roleName);
  // A wrong name, a stale one and one of somebody else look the same.
  if (!permissionSet || !permissionSetsOf(world.organisation, person, account).includes(roleName)) {
    throw new AwsFailure('ForbiddenException', 403, 'No access');
  }
  const role = identityCenterRole(account, permissionSet);
  const principal: RolePrincipal = {
    kind: 'role',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${person.userName}`,
    userId: `${role.id}:${person.userName}`,
    // Identity Center's MFA is not the role session's: AWS says mfaAuthenticated false here.
    mfaAt: undefined,
    role,
    sessionName: person.userName,
    sourceIdentity: undefined,
    tags: {},
    transitiveTagKeys: [],
    sessionPolicies: [],
    person,
  };
  const keys = world.keys.issueTemporary(principal, permissionSet.sessionSeconds);
  world.events.record({
    service: 'sts',
    name: 'AssumeRoleWithSAML',
    account,
    principal: person.userName,
    accessKeyId: keys.accessKeyId,
    sourceIdentity: undefined,
    userAgent,
    parameters: {
      roleArn: `arn:aws:iam::${account}:role${role.path}${role.name}`,
      roleSessionName: person.userName,
      durationSeconds: permissionSet.sessionSeconds,
    },
    region: world.organisation.region,
    identity: {
      type: 'SAMLUser',
      principalId: `${person.id}:${person.userName}`,
      userName: person.userName,
      identityProvider: samlProviderArn(account),
    },
    response: {
      credentials: { accessKeyId: keys.accessKeyId, expiration: trailTime(keys.expiresAt) },
      assumedRoleUser: { assumedRoleId: principal.userId, arn: principal.arn },
      subject: person.userName,
      subjectType: 'persistent',
      issuer: `https://portal.sso.${world.organisation.region}.amazonaws.com/saml/assertion`,
      audience: 'https://signin.aws.amazon.com/saml',
    },
    errorCode: undefined,
    errorMessage: undefined,
  });
  return {
    roleCredentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      sessionToken: keys.sessionToken,
      expiration: keys.expiresAt,
    },
  };
}
