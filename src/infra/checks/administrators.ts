import type { Caller } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import {
  act,
  add,
  administrators,
  another,
  archiveKey,
  everyday as everydayIn,
  handlers,
  intakeKey,
  one,
  put,
  record,
  request,
  tierGroups,
} from './cast.ts';

const fix = 'Keep administrator-guard in every permission set that has power in the access account.';

const each = (judged: Judged, actions: readonly string[], resources: readonly string[]) =>
  administrators(judged).flatMap((caller: Caller) =>
    actions.flatMap((action) => resources.map((resource) => act(caller, action, resource))),
  );

export const administratorChecks: readonly Check[] = [
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.oneself',
      title: 'nobody with standing power in the access account lets themselves in',
      why: 'An administrator would have production without anybody’s approval.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      administrators(judged).flatMap((caller) =>
        tierGroups(judged).map((group) => add(judged, caller, group, one)),
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.intake',
      title: 'an administrator writes nothing to the intake: no request, decision or stop, in no name',
      why: 'An administrator could ask, and say yes, in anybody’s name.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      administrators(judged).flatMap((caller) =>
        [one, another].flatMap(({ userId }) => [
          put(caller, intakeKey(judged, `requests/${userId}/${request}.json`)),
          put(caller, intakeKey(judged, `kills/${request}/${userId}.json`)),
          ...judged.intent.tiers.map(({ name }) =>
            put(caller, intakeKey(judged, `decisions/tier${name}/${request}/${userId}.json`)),
          ),
        ]),
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.archive',
      title: 'an administrator writes, deletes and replicates no record',
      why: 'The records are about administrators too.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        [
          's3:PutObject',
          's3:DeleteObject',
          's3:DeleteObjectVersion',
          's3:PutObjectRetention',
          's3:ReplicateObject',
          's3:ReplicateDelete',
        ],
        [archiveKey(judged, record)],
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.assign',
      title: 'an administrator assigns no permission set, and changes none',
      why: 'What gives standing access is changed by pull request only.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        [
          'sso:CreateAccountAssignment',
          'sso:PutInlinePolicyToPermissionSet',
          'sso:AttachManagedPolicyToPermissionSet',
          'sso:AttachCustomerManagedPolicyReferenceToPermissionSet',
          'sso:DeletePermissionsBoundaryFromPermissionSet',
          'sso:PutPermissionsBoundaryToPermissionSet',
          'sso:UpdatePermissionSet',
        ],
        [
          'arn:aws:sso:::instance/ssoins-1234567890abcdef',
          'arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef',
        ],
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.roles',
      title: 'an administrator changes no role of the functions and of forge, and becomes none',
      why: 'The recorder’s role writes records, the boundary ends access.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      each(
        judged,
        [
          'iam:PutRolePolicy',
          'iam:UpdateAssumeRolePolicy',
          'iam:AttachRolePolicy',
          'iam:DeleteRolePolicy',
          'iam:DeleteRole',
          'iam:PassRole',
          'iam:DeleteRolePermissionsBoundary',
          'sts:AssumeRole',
        ],
        [...handlers.map((name) => `role/forge-breakglass-${name}`), 'role/forge/ForgeAuditRead'].map(
          (role) => `arn:aws:iam::${judged.intent.accessAccount}:${role}`,
        ),
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.offline-user',
      title: 'an administrator makes no key and no MFA device for the offline user',
      why: 'Whoever makes a key holds it without the second person.',
      fix,
      mayBeNobody: true,
      applies: ({ offline }) => offline !== undefined,
    },
    (judged) =>
      each(
        judged,
        [
          'iam:CreateAccessKey',
          'iam:EnableMFADevice',
          'iam:DeactivateMFADevice',
          'iam:CreateLoginProfile',
          'iam:PutUserPolicy',
          'iam:AttachUserPolicy',
          'iam:DeleteUser',
        ],
        [`arn:aws:iam::${judged.intent.accessAccount}:user/forge/${judged.intent.offline?.user}`],
      ),
  ),
  answered(
    'administrators',
    'denied',
    {
      id: 'admin.production.forge',
      title:
        'nobody with standing power in production changes or becomes forge’s roles there, or the boundary',
      why: 'The boundary is what ends access; the roles are who may open an emergency.',
      fix: 'Keep administrator-guard (or developer-guard) in every permission set that has power in production.',
      mayBeNobody: true,
    },
    (judged) => {
      const { production } = judged.intent;
      return production.flatMap(({ account }) =>
        everydayIn(judged, account).flatMap((caller) => [
          ...['iam:CreatePolicyVersion', 'iam:SetDefaultPolicyVersion', 'iam:DeletePolicy'].map((action) =>
            act(caller, action, `arn:aws:iam::${account}:policy/forge/ForgeBreakGlassRevocations`),
          ),
          ...[
            'iam:UpdateAssumeRolePolicy',
            'iam:PutRolePolicy',
            'iam:DeleteRolePermissionsBoundary',
            'sts:AssumeRole',
          ].flatMap((action) =>
            ['Forge-Prod-Emergency', 'ForgeAuditCutTail'].map((role) =>
              act(caller, action, `arn:aws:iam::${account}:role/forge/${role}`),
            ),
          ),
        ]),
      );
    },
  ),
];
