import type { ConditionBlock, PolicyDocument } from '../../iam/policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { Account, Role } from '../organisation.ts';
import { region } from '../seed-accounts.ts';
import { archive, ownId, revocationsArn } from './arns.ts';

/**
 * Tier 0: whoever is on call assumes it, and who, why and for which incident is in the call itself, so that CloudTrail
 * has it without anything of forge. One trust statement an action: the keys that AWS knows differ from one to the next.
 */
export function emergencyRole(account: Account, policies: readonly PolicyDocument[]): Role {
  const principal = { AWS: `arn:aws:iam::${account.id}:root` };
  const onCall = {
    'aws:PrincipalArn': `arn:aws:iam::${account.id}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Forge-SRE-OnCall_*`,
  };
  const asOneself: ConditionBlock[string] = { 'sts:SourceIdentity': ownId };
  return {
    account: account.id,
    name: 'Forge-Prod-Emergency',
    path: '/forge/',
    id: derivedId('AROA', `${account.id}:Forge-Prod-Emergency`),
    maxSessionSeconds: 3600,
    tags: { tier: '0' },
    boundary: revocationsArn(account.id),
    policies: [...policies, emergencyGuard(account)],
    trust: {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'OnCallWithAReason',
          Effect: 'Allow',
          Principal: principal,
          Action: 'sts:AssumeRole',
          Condition: {
            ArnLike: onCall,
            StringEquals: {
              ...asOneself,
              // Rules that watch are in this region: a call to another one's STS would go unseen.
              'aws:RequestedRegion': region,
              'aws:RequestTag/forge:tier': '0',
            },
            StringLike: { 'aws:RequestTag/forge:incident': '?*', 'aws:RequestTag/forge:reason': '?*' },
            // The gateway's addresses; the sandbox is behind no other.
            IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
          },
        },
        {
          Sid: 'AsOneself',
          Effect: 'Allow',
          Principal: principal,
          Action: 'sts:SetSourceIdentity',
          Condition: { ArnLike: onCall, StringEquals: asOneself },
        },
        {
          Sid: 'OnlyOurTags',
          Effect: 'Allow',
          Principal: principal,
          Action: 'sts:TagSession',
          Condition: {
            ArnLike: onCall,
            'ForAllValues:StringEquals': {
              'aws:TagKeys': ['forge:tier', 'forge:incident', 'forge:reason', 'forge:id'],
            },
          },
        },
      ],
    },
  };
}

/** Roles of the databases: bounded as the emergency's own, and in the name that it carries. */
export const databaseRoleNames = ['readonly-rds-access', 'write-rds-access'] as const;

/** What no emergency needs: blinding those who watch, the roles of forge, and what outlives it. */
export function emergencyGuard(account: Account): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'NotTheTrail',
        Effect: 'Deny',
        Action: [
          'cloudtrail:StopLogging',
          'cloudtrail:DeleteTrail',
          'cloudtrail:UpdateTrail',
          'cloudtrail:PutEventSelectors',
          'logs:Delete*',
          'logs:PutRetentionPolicy',
          'ssm:CreateDocument',
          'ssm:UpdateDocument*',
          'ssm:DeleteDocument',
          'ssm:ModifyDocumentPermission',
        ],
        Resource: '*',
      },
      {
        Sid: 'NotTheRules',
        Effect: 'Deny',
        Action: ['events:Disable*', 'events:Delete*', 'events:Put*', 'events:Remove*'],
        Resource: [`arn:aws:events:*:${account.id}:rule/forge-breakglass-*`],
      },
      {
        Sid: 'NotTheRecords',
        Effect: 'Deny',
        Action: '*',
        Resource: [archive, `${archive}/*`, 'arn:aws:iam::*:role/forge/*', 'arn:aws:iam::*:policy/forge/*'],
      },
      {
        // A workload's role has no boundary that refuses what was issued: its session would outlive the emergency's end.
        Sid: 'NoLongerLife',
        Effect: 'Deny',
        Action: 'sts:AssumeRole*',
        NotResource: databaseRoleNames.map((name) => `arn:aws:iam::${account.id}:role/${name}`),
      },
    ],
  };
}
