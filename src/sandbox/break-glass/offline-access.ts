import { randomBytes } from 'node:crypto';
import type { ConditionBlock, PolicyDocument } from '../../iam/policy.ts';
import { derivedId } from '../issued-keys.ts';
import { type Account, type IamUser, type Role, userArn } from '../organisation.ts';
import { accessAccount, region } from '../seed-accounts.ts';
import { base32 } from '../totp.ts';
import { revocationsArn } from './arns.ts';
import { emergencyGuard } from './emergency-role.ts';

/** Tier 3: an IAM user whose key one person holds and whose MFA device another, for when Identity Center is down. */
export const offlineUserName = 'forge-emergency-a';
export const offlineRoleName = 'Forge-BreakGlass-Offline';

const version = '2012-10-17';
const who = { account: accessAccount, path: '/forge/', name: offlineUserName } as const;
const withMfa: ConditionBlock = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };

/**
 * It can become the role, and with MFA change its own keys: nothing else, and nobody else can. So whoever has the key alone, or
 * the device alone, can neither get in nor make a key that stays.
 */
export function offlineUser(): IamUser {
  return {
    ...who,
    id: derivedId('AIDA', offlineUserName),
    tags: {},
    mfa: {
      serialNumber: `arn:aws:iam::${accessAccount}:mfa/${offlineUserName}-sven`,
      secret: base32(randomBytes(40)),
    },
    policies: [
      {
        Version: version,
        Statement: [
          {
            Sid: 'BreakTheGlassOnly',
            Effect: 'Allow',
            Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
            Resource: `arn:aws:iam::*:role/forge/${offlineRoleName}`,
          },
          {
            Sid: 'RotateOwnKeysWithMfa',
            Effect: 'Allow',
            Action: [
              'iam:CreateAccessKey',
              'iam:DeleteAccessKey',
              'iam:ListAccessKeys',
              'iam:UpdateAccessKey',
            ],
            Resource: userArn(who),
            Condition: withMfa,
          },
        ],
      },
    ],
  };
}

/** One trust statement an action: the keys that AWS knows differ from one to the next. */
export function offlineRole(account: Account, policies: readonly PolicyDocument[]): Role {
  const principal = { AWS: userArn(who) };
  const inTwoNames: ConditionBlock[string] = { 'sts:SourceIdentity': '?*+?*' };
  return {
    account: account.id,
    name: offlineRoleName,
    path: '/forge/',
    id: derivedId('AROA', `${account.id}:${offlineRoleName}`),
    maxSessionSeconds: 4 * 3600,
    tags: { tier: '3' },
    boundary: revocationsArn(account.id),
    policies: [...policies, emergencyGuard(account)],
    trust: {
      Version: version,
      Statement: [
        {
          Sid: 'TwoPeopleWithAnIncident',
          Effect: 'Allow',
          Principal: principal,
          Action: 'sts:AssumeRole',
          Condition: {
            ...withMfa,
            NumericLessThan: { 'aws:MultiFactorAuthAge': '900' },
            // Rules that watch are in this region: a call to another one's STS would go unseen.
            StringEquals: { 'aws:RequestedRegion': region, 'aws:RequestTag/forge:tier': '3' },
            StringLike: {
              ...inTwoNames,
              'aws:RequestTag/forge:incident': '?*',
              'aws:RequestTag/forge:reason': '?*',
            },
          },
        },
        {
          Sid: 'InTwoNames',
          Effect: 'Allow',
          Principal: principal,
          Action: 'sts:SetSourceIdentity',
          Condition: { StringLike: inTwoNames },
        },
        {
          Sid: 'OnlyOurTags',
          Effect: 'Allow',
          Principal: principal,
          Action: 'sts:TagSession',
          Condition: {
            'ForAllValues:StringEquals': {
              'aws:TagKeys': ['forge:tier', 'forge:incident', 'forge:reason', 'forge:id'],
            },
          },
        },
      ],
    },
  };
}
