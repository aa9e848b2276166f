import type { PolicyDocument, PolicyStatement } from '../../iam/policy.ts';
import {
  anyGroup,
  anyMembership,
  anyUser,
  archive,
  identityStoreArn,
  intake,
  jitGroupArns,
  ownId,
  ownUser,
} from './arns.ts';

/**
 * What people may do of break-glass, by IAM alone: a client that is not forge is bound as forge is. Each `Null` is
 * essential: it keeps out whoever has no user id, for whom a Deny with the variable would say nothing.
 */
const version = '2012-10-17';
const isPerson = { 'identitystore:UserId': 'false' };
/** Written by a person, and only where nothing is yet. */
const onceByPerson = { Null: { ...isPerson, 's3:if-none-match': 'false' } };
const written = ['requests', 'decisions', 'ends', 'runs', 'kills'].map((folder) => `${folder}/*`);

const readIntake: PolicyStatement = {
  Sid: 'Read',
  Effect: 'Allow',
  // Naming a version is an action of its own, and approvers name the one they were shown.
  Action: ['s3:GetObject', 's3:GetObjectVersion'],
  Resource: written.map((folder) => `${intake}/${folder}`),
};

/** Stopping is not giving: whoever may approve anything may stop anything, under their own name. */
const killOnce: PolicyStatement = {
  Sid: 'KillOnce',
  Effect: 'Allow',
  Action: 's3:PutObject',
  Resource: `${intake}/kills/*/${ownId}.json`,
  Condition: onceByPerson,
};

/** Records, so that whoever stops somebody can see that they are out; not the files beside them, which are evidence. */
const readRecords: readonly PolicyStatement[] = [
  {
    Sid: 'ReadRecords',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: `${archive}/sessions/*/0?????.json`,
  },
  {
    Sid: 'ListRecords',
    Effect: 'Allow',
    Action: 's3:ListBucket',
    Resource: archive,
    Condition: { StringLike: { 's3:prefix': 'sessions/*' } },
  },
];

const look: PolicyStatement = {
  Sid: 'Look',
  Effect: 'Allow',
  Action: [
    'identitystore:GetGroupMembershipId',
    'identitystore:DescribeUser',
    'identitystore:GetUserId',
    'identitystore:IsMemberInGroups',
    'identitystore:ListGroupMemberships',
    'identitystore:DescribeGroup',
    'identitystore:GetGroupId',
  ],
  Resource: '*',
};

export const requesterPolicy: PolicyDocument = {
  Version: version,
  Statement: [
    {
      Sid: 'WriteOwnOnce',
      Effect: 'Allow',
      Action: 's3:PutObject',
      Resource: ['requests', 'ends', 'runs', 'evidence'].map((folder) => `${intake}/${folder}/${ownId}/*`),
      Condition: onceByPerson,
    },
    readIntake,
    {
      Sid: 'List',
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: intake,
      Condition: { StringLike: { 's3:prefix': written } },
    },
    {
      Sid: 'ListOwnEvidence',
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: intake,
      Condition: { StringLike: { 's3:prefix': `evidence/${ownId}/*` } },
    },
    {
      // What is there already under a number: one's own, by an answer that was lost, or another machine's.
      Sid: 'CompareOwnEvidence',
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: `${intake}/evidence/${ownId}/*`,
      Condition: { Null: isPerson },
    },
    {
      Sid: 'EndOwn',
      Effect: 'Allow',
      Action: 'identitystore:DeleteGroupMembership',
      Resource: [...jitGroupArns(), identityStoreArn, anyMembership, ownUser],
      Condition: { Null: isPerson },
    },
    {
      Sid: 'Find',
      Effect: 'Allow',
      Action: [
        'identitystore:GetGroupMembershipId',
        'identitystore:IsMemberInGroups',
        'identitystore:DescribeUser',
        'identitystore:GetUserId',
        'identitystore:DescribeGroup',
        'identitystore:GetGroupId',
      ],
      Resource: [...jitGroupArns(), identityStoreArn, anyMembership, anyUser],
    },
    {
      // So that forge can say at once who may not ask. Of oneself only, whatever the group.
      Sid: 'OwnGroups',
      Effect: 'Allow',
      Action: ['identitystore:GetGroupId', 'identitystore:IsMemberInGroups'],
      Resource: [anyGroup, identityStoreArn, anyMembership, ownUser],
    },
  ],
};

export function approverPolicy(tier: '1' | '2'): PolicyDocument {
  const groups = jitGroupArns(tier);
  return {
    Version: version,
    Statement: [
      {
        Sid: 'GrantTierGroups',
        Effect: 'Allow',
        Action: 'identitystore:CreateGroupMembership',
        Resource: [...groups, identityStoreArn, anyUser],
        Condition: { Null: isPerson },
      },
      neverMyself('NeverMyself'),
      {
        Sid: 'MayRevoke',
        Effect: 'Allow',
        Action: 'identitystore:DeleteGroupMembership',
        Resource: [...groups, identityStoreArn, anyMembership, anyUser],
      },
      look,
      {
        Sid: 'DecideOnce',
        Effect: 'Allow',
        Action: 's3:PutObject',
        Resource: `${intake}/decisions/tier${tier}/*/${ownId}.json`,
        Condition: onceByPerson,
      },
      killOnce,
      readIntake,
      { Sid: 'List', Effect: 'Allow', Action: 's3:ListBucket', Resource: intake },
      ...readRecords,
    ],
  };
}

/** Ends anybody's access of any tier, and can give none: for administrators, who approve nothing. */
export const killerPolicy: PolicyDocument = {
  Version: version,
  Statement: [
    killOnce,
    {
      Sid: 'MayRevoke',
      Effect: 'Allow',
      Action: 'identitystore:DeleteGroupMembership',
      Resource: [...jitGroupArns(), identityStoreArn, anyMembership, anyUser],
      Condition: { Null: isPerson },
    },
    look,
    readIntake,
    { Sid: 'List', Effect: 'Allow', Action: 's3:ListBucket', Resource: intake },
    ...readRecords,
  ],
};

/** Every version of every record with its lock, the groups that grants are memberships of, and the trail. Nothing to write with. */
export const auditorPolicy: PolicyDocument = {
  Version: version,
  Statement: [
    {
      Sid: 'ListVersions',
      Effect: 'Allow',
      Action: ['s3:ListBucket', 's3:ListBucketVersions'],
      Resource: archive,
    },
    {
      Sid: 'ReadVersions',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention'],
      Resource: `${archive}/*`,
    },
    {
      Sid: 'FindGroups',
      Effect: 'Allow',
      Action: 'identitystore:GetGroupId',
      Resource: [...jitGroupArns(), identityStoreArn],
    },
    { Sid: 'Trail', Effect: 'Allow', Action: 'cloudtrail:LookupEvents', Resource: '*' },
  ],
};

/** All that being on call gives in production: the way to tier 0's role. */
export const onCallPolicy: PolicyDocument = {
  Version: version,
  Statement: {
    Sid: 'BreakTheGlassOnly',
    Effect: 'Allow',
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
    Resource: 'arn:aws:iam::*:role/forge/Forge-Prod-Emergency',
  },
};

/** Nobody lets themselves in, whatever else they may. */
export function neverMyself(Sid: string): PolicyStatement {
  return { Sid, Effect: 'Deny', Action: 'identitystore:CreateGroupMembership', Resource: ownUser };
}
