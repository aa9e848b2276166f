import { type AuthorizationContext, authorizeOnRole, boundaryOf } from '../../authorize.ts';
import { type Role, roleArn } from '../../organisation.ts';
import type { IssuedKeys, Principal, RolePrincipal } from '../../principal.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import { ConstraintCheck } from '../constraints.ts';
import type { QueryOperation } from '../query-service.ts';
import { trailTime } from '../trail-time.ts';
import { credentialsXml } from './credentials-xml.ts';
import { checkMfaParameters, verifyMfa } from './mfa.ts';
import { packedPolicySize, readSessionPolicies } from './session-policies.ts';
import { mergeSessionTags, readSessionTags } from './session-tags.ts';

/** Source: STS API Reference, AssumeRole; IAM User Guide on role chaining, source identity and session tags. */
const nameConstraint = { min: 2, max: 64, pattern: '[\\w+=,.@-]*' };
/** The longest a role lives that another role assumed. */
const chainedSeconds = 3600;

export const assumeRole: QueryOperation = ({
  world,
  parameters,
  caller,
  region,
  note,
  noteResponse,
  noteResources,
}) => {
  const value = (name: string) => parameters.get(name);
  const check = new ConstraintCheck();
  const arn = value('RoleArn');
  const sessionName = value('RoleSessionName');
  const sourceIdentity = value('SourceIdentity');
  const externalId = value('ExternalId');
  check.text('roleArn', arn, {
    min: 20,
    max: 2048,
    pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD]+',
    required: true,
  });
  check.text('roleSessionName', sessionName, { ...nameConstraint, required: true });
  check.text('sourceIdentity', sourceIdentity, nameConstraint);
  check.text('externalId', externalId, { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' });
  checkMfaParameters(check, value('SerialNumber'), value('TokenCode'));
  const durationSeconds = check.integer('durationSeconds', value('DurationSeconds'), {
    min: 900,
    max: 43_200,
    default: chainedSeconds,
  });
  const requestedTags = readSessionTags(parameters, check);
  note({
    roleArn: arn,
    roleSessionName: sessionName,
    sourceIdentity,
    externalId,
    durationSeconds,
    serialNumber: value('SerialNumber'),
    tags: Object.entries(requestedTags.requested).map(([key, tag]) => ({ key, value: tag })),
    transitiveTagKeys: requestedTags.requestedTransitive,
  });
  check.done();
  const roleAccount = parseRoleArn(arn ?? '');
  noteResources([{ type: 'AWS::IAM::Role', ARN: arn ?? '', accountId: roleAccount }]);
  if (sourceIdentity?.startsWith('aws:')) {
    throw new AwsFailure('ValidationError', 400, 'SourceIdentity must not begin with aws:');
  }
  const policies = readSessionPolicies(world, roleAccount, parameters, check);
  const tags = mergeSessionTags(requestedTags, caller.principal);
  const packedSize = packedPolicySize(policies, tags.requested);
  const mfaAt = verifyMfa(world, caller.principal, value('SerialNumber'), value('TokenCode'));
  // MFA given now counts for the trust policy just as MFA given for the caller's own keys.
  const principal: Principal = { ...caller.principal, mfaAt: mfaAt ?? caller.principal.mfaAt };
  const role = world.organisation.roles.find((entry) => roleArn(entry) === arn);
  const inheritedIdentity = principal.kind === 'role' ? principal.sourceIdentity : undefined;
  const effectiveIdentity = sourceIdentity ?? inheritedIdentity;
  authorizeAll(world, { ...caller, principal }, role, arn ?? '', {
    setsIdentity: effectiveIdentity !== undefined,
    setsTags: Object.keys(tags.all).length > 0,
    context: {
      'aws:RequestedRegion': region,
      'sts:RoleSessionName': sessionName,
      'sts:SourceIdentity': effectiveIdentity,
      'sts:ExternalId': externalId,
      'sts:TransitiveTagKeys': tags.requestedTransitive.length > 0 ? tags.requestedTransitive : undefined,
      'aws:TagKeys': Object.keys(tags.requested).length > 0 ? Object.keys(tags.requested) : undefined,
      ...Object.fromEntries(
        Object.entries(tags.requested).map(([key, tag]) => [`aws:RequestTag/${key}`, tag]),
      ),
      ...Object.fromEntries(
        Object.entries(role?.tags ?? {}).map(([key, tag]) => [`aws:ResourceTag/${key}`, tag]),
      ),
      // A key that depends on this call's MFA: whether the caller's keys are temporary does not matter then.
      ...(mfaAt === undefined ? {} : { 'aws:MultiFactorAuthPresent': 'true' }),
    },
  });
  if (
    !role ||
    (sourceIdentity !== undefined && inheritedIdentity !== undefined && sourceIdentity !== inheritedIdentity)
  ) {
    throw denied(principal, 'sts:SetSourceIdentity', arn ?? '');
  }
  checkDuration(principal, role, durationSeconds);
  const session: RolePrincipal = {
    kind: 'role',
    account: role.account,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
    userId: `${role.id}:${sessionName}`,
    mfaAt: principal.mfaAt,
    role,
    sessionName: sessionName ?? '',
    sourceIdentity: effectiveIdentity,
    tags: tags.all,
    transitiveTagKeys: tags.transitive,
    sessionPolicies: policies.documents,
    person: undefined,
  };
  const keys = world.keys.issueTemporary(session, durationSeconds);
  noteResponse({
    credentials: { accessKeyId: keys.accessKeyId, expiration: trailTime(keys.expiresAt) },
    assumedRoleUser: { assumedRoleId: session.userId, arn: session.arn },
    sourceIdentity: effectiveIdentity,
  });
  return {
    result: {
      Credentials: credentialsXml(keys),
      AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
      PackedPolicySize: packedSize,
      SourceIdentity: effectiveIdentity,
    },
  };
};

/** A role that does not exist is refused in the same words as one that does not trust the caller. */
function authorizeAll(
  world: World,
  keys: IssuedKeys,
  role: Role | undefined,
  arn: string,
  request: { setsIdentity: boolean; setsTags: boolean; context: AuthorizationContext },
): void {
  const actions = [
    'sts:AssumeRole',
    ...(request.setsIdentity ? ['sts:SetSourceIdentity'] : []),
    ...(request.setsTags ? ['sts:TagSession'] : []),
  ];
  const boundary = boundaryOf(world.organisation, keys);
  for (const action of actions) {
    const allowed =
      role && authorizeOnRole({ now: world.now(), keys, action, role, boundary, context: request.context });
    if (!allowed) throw denied(keys.principal, action, arn);
  }
}

function checkDuration(principal: Principal, role: Role, durationSeconds: number): void {
  if (principal.kind === 'role' && durationSeconds > chainedSeconds) {
    throw new AwsFailure(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (durationSeconds > role.maxSessionSeconds) {
    throw new AwsFailure(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
}

/** The account in the ARN. */
function parseRoleArn(arn: string): string {
  const [, account] = /^arn:aws:iam::(\d{12}):role\/[\u0021-\u007e]+$/.exec(arn) ?? [];
  if (account === undefined) throw new AwsFailure('ValidationError', 400, `${arn} is invalid`);
  return account;
}

function denied(principal: Principal, action: string, arn: string): AwsFailure {
  return new AwsFailure(
    'AccessDenied',
    403,
    `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${arn}`,
  );
}
