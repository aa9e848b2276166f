import { asUser, type Caller, inRole, stranger } from '../caller.ts';
import { answered, type Check, type Judged, stated } from '../check.ts';
import type { DeployedRole, DeployedUser } from '../deployment.ts';
import type { Intent } from '../intent.ts';
import { act, productionRoles } from './cast.ts';
import { neverWithout, type Opening, opening } from './opening.ts';

const fix = 'Take offline.json and offline-trust.json as forge infra export writes them.';
const hasTier = ({ offline }: Intent) => offline !== undefined;

const roles = (judged: Judged): readonly DeployedRole[] =>
  productionRoles(judged, judged.intent.offline?.role ?? '');
const findUser = ({ deployment, intent }: Judged): DeployedUser | undefined =>
  deployment.users.find(({ name }) => name === intent.offline?.user);
const user = (judged: Judged, mfaAge?: number): readonly Caller[] => {
  const found = findUser(judged);
  return found ? [asUser(found, mfaAge)] : [];
};

const way: Opening = opening({
  group: 'offline',
  fix,
  applies: hasTier,
  roles,
  callers: (judged) => user(judged, 30),
  honest: () => ({
    'sts:SourceIdentity': 'sam+sven',
    'aws:RequestTag/forge:tier': '3',
    'aws:RequestTag/forge:reason': 'Identity Center is down',
  }),
});
const { assume, refused } = way;

export const offline: readonly Check[] = [
  stated(
    'offline',
    {
      id: 'offline.there',
      title: 'the user of tier 3 is in the access account, and its role in each production account',
      why: 'On the day when Identity Center is down there would be no way in.',
      fix: 'Keep the user in the path /forge/, and production-account’s offline role.',
      applies: hasTier,
    },
    (judged) => [
      {
        what: 'is there',
        resource: `user ${judged.intent.offline?.user}`,
        expected: 'there, in /forge/',
        found: findUser(judged) ? `there, in ${findUser(judged)?.path}` : 'missing',
        holds:
          findUser(judged)?.path === '/forge/' && findUser(judged)?.account === judged.intent.accessAccount,
      },
      ...judged.intent.production.map(({ account, name }) => {
        const role = roles(judged).find((entry) => entry.account === account);
        return {
          what: 'is there',
          resource: `${judged.intent.offline?.role} in ${name}`,
          expected: `there, at most ${judged.intent.offline?.minutes} minutes`,
          found: role ? `there, ${role.maxSessionMinutes} minutes` : 'missing',
          holds:
            role !== undefined && role.maxSessionMinutes <= Math.max(60, judged.intent.offline?.minutes ?? 0),
        };
      }),
    ],
  ),
  stated(
    'offline',
    {
      id: 'offline.no-key',
      title: 'Terraform makes no key and no password of any user',
      why: 'Its secret would be in Terraform’s state, for whoever reads that.',
      fix: 'Make keys by hand: docs/break-glass.md, Tier 3.',
    },
    ({ deployment }) =>
      deployment.users.length === 0
        ? [{ what: 'keys', resource: 'users', expected: 'none', found: 'no users', holds: true }]
        : deployment.users.map(({ name, keys }) => ({
            what: 'keys and passwords',
            resource: `user ${name}`,
            expected: 'none',
            found: keys === 0 ? 'none' : String(keys),
            holds: keys === 0,
          })),
  ),
  answered(
    'offline',
    'allowed',
    {
      id: 'offline.honest',
      title: 'two people open it: key, MFA of the last 15 minutes, two names, tier, incident, reason',
      why: 'On the day when Identity Center is down there would be no way in.',
      fix,
      applies: hasTier,
    },
    way.honestly,
  ),
  ...neverWithout(way),
  refused({
    id: 'no-mfa',
    title: 'not without MFA',
    why: 'Whoever has the key alone would be in.',
    callers: (judged) => user(judged),
    change: () => ({}),
  }),
  refused({
    id: 'old-mfa',
    title: 'not with MFA of more than 15 minutes ago',
    why: 'The second person must be there now.',
    callers: (judged) => user(judged, 1000),
    change: () => ({}),
  }),
  refused({
    id: 'one-name',
    title: 'not in one name',
    why: 'Two people must be on record.',
    change: () => ({ 'sts:SourceIdentity': 'sam' }),
  }),
  refused({
    id: 'no-name',
    title: 'not without a name',
    why: 'Two people must be on record.',
    change: () => ({ 'sts:SourceIdentity': undefined }),
  }),
  answered(
    'offline',
    'denied',
    {
      id: 'offline.other-user',
      title: 'no other user and no role becomes it, with MFA and all tags',
      why: 'The key and the device are what two people hold.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      roles(judged).flatMap((role) =>
        [judged.intent.accessAccount, role.account, '000000000000'].flatMap((account) => {
          const strong = stranger(account);
          const context = {
            ...strong.context,
            'aws:MultiFactorAuthPresent': 'true',
            'aws:MultiFactorAuthAge': '30',
          };
          const named = `arn:aws:iam::${account}:user/forge/somebody-else`;
          return [
            assume(judged, role, { ...strong, context }),
            assume(judged, role, {
              ...strong,
              label: 'another user with MFA',
              arn: named,
              sessionArn: named,
              context,
            }),
          ];
        }),
      ),
  ),
  answered(
    'offline',
    'allowed',
    {
      id: 'offline.rotate',
      title: 'the user changes its own keys, with MFA',
      why: 'forge breakglass rotate would fail, and the used key stay.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      user(judged, 30).flatMap((caller) =>
        ['iam:CreateAccessKey', 'iam:DeleteAccessKey', 'iam:UpdateAccessKey', 'iam:ListAccessKeys'].map(
          (action) => act(caller, action, caller.arn),
        ),
      ),
  ),
  answered(
    'offline',
    'denied',
    {
      id: 'offline.rotate.no-mfa',
      title: 'the user changes no key without MFA, and no MFA device',
      why: 'Whoever finds the key could make one that stays.',
      fix,
      applies: hasTier,
    },
    (judged) => [
      ...user(judged).flatMap((caller) =>
        ['iam:CreateAccessKey', 'iam:UpdateAccessKey', 'iam:DeleteAccessKey'].map((action) =>
          act(caller, action, caller.arn),
        ),
      ),
      ...user(judged, 30).flatMap((caller) =>
        ['iam:DeactivateMFADevice', 'iam:EnableMFADevice', 'iam:PutUserPolicy', 'iam:CreateLoginProfile'].map(
          (action) => act(caller, action, caller.arn),
        ),
      ),
    ],
  ),
  answered(
    'offline',
    'denied',
    {
      id: 'offline.nothing-else',
      title: 'the user may nothing else, and changes no other user’s keys',
      why: 'The key lies in a vault for years.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      user(judged, 30).flatMap((caller) => [
        act(caller, 'iam:CreateAccessKey', `arn:aws:iam::${caller.account}:user/ci`),
        act(caller, 's3:GetObject', `arn:aws:s3:::${judged.intent.archiveBucket}/x`),
        act(caller, 'sts:AssumeRole', `arn:aws:iam::${caller.account}:role/forge-breakglass-recorder`),
        ...judged.intent.production.flatMap(({ account }) =>
          ['forge/Forge-Prod-Emergency', 'write-rds-access', 'forge/ForgeAuditCutTail'].map((name) =>
            act(caller, 'sts:AssumeRole', `arn:aws:iam::${account}:role/${name}`),
          ),
        ),
      ]),
  ),
  answered(
    'offline',
    'denied',
    {
      id: 'offline.guard',
      title: 'what tier 3 opens blinds nobody, lives no longer, and reaches no record',
      why: 'It is an emergency as tier 0 is.',
      fix: 'Keep emergency-guard.json on the offline role too.',
      applies: hasTier,
    },
    (judged) =>
      roles(judged).flatMap((role) => {
        const caller = inRole(judged.deployment, role, 'sam+sven');
        return [
          act(caller, 'cloudtrail:StopLogging', '*'),
          act(caller, 'sts:AssumeRole', `arn:aws:iam::${role.account}:role/workload/billing`),
          act(caller, 's3:GetObject', `arn:aws:s3:::${judged.intent.archiveBucket}/x`),
          act(
            caller,
            'iam:CreatePolicyVersion',
            `arn:aws:iam::${role.account}:policy/forge/ForgeBreakGlassRevocations`,
          ),
          act(
            caller,
            'events:DisableRule',
            `arn:aws:events:${judged.intent.region}:${role.account}:rule/forge-breakglass-emergency`,
          ),
        ];
      }),
  ),
];
