import { type Decision, encodeDecision } from '../../src/breakglass/protocol/decision.ts';
import { type StoredObject, sha256 } from '../../src/breakglass/protocol/document.ts';
import { newRequestId } from '../../src/breakglass/protocol/ids.ts';
import type { Papers } from '../../src/breakglass/protocol/judge.ts';
import { decisionKey, requestKey } from '../../src/breakglass/protocol/keys.ts';
import { type Policy, parsePolicy } from '../../src/breakglass/protocol/policy.ts';
import { type AccessRequest, encodeRequest } from '../../src/breakglass/protocol/request.ts';

/** One break-glass story told in the shapes of S3 and CloudTrail, each part of which a test can tell otherwise. */

export const noon = Date.UTC(2026, 10, 21, 12);
export const minute = 60_000;

const storeNumber = '9067f7c0de';
const id = (digit: string) =>
  `${storeNumber}-${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(12)}`;

export const people = {
  dana: { userId: id('1'), userName: 'dana@tapp.example' },
  mia: { userId: id('2'), userName: 'mia@tapp.example' },
  lee: { userId: id('3'), userName: 'lee@tapp.example' },
  sven: { userId: id('4'), userName: 'sven@tapp.example' },
} as const;

export const groups = { database: id('a'), kubernetes: id('b'), readOnly: id('c') } as const;
export const membershipId = id('d');
export const eventId = '7f0c1c1e-52e2-4f8e-9c2e-0d8f6a1b2c3d';
export const emergencyRole = 'arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency';

const policyDocument = {
  v: 1,
  identityStoreId: 'd-9067f7c0de',
  account: '999999999999',
  region: 'us-east-1',
  requestLifeMinutes: 240,
  retentionDays: 30,
  tiers: [
    {
      tier: 1,
      approvals: 1,
      approverPermissionSets: ['Forge-BreakGlass-Approve-tier1'],
      maximumMinutes: 240,
      ticket: 'before',
      channel: '#platform-support',
    },
    {
      tier: 2,
      approvals: 2,
      approverPermissionSets: ['Forge-BreakGlass-Approve-tier2'],
      maximumMinutes: 240,
      ticket: 'none',
    },
  ],
  grants: [
    {
      groupId: groups.database,
      tier: 1,
      account: '333333333333',
      environment: 'prod-wealth',
      permissionSet: 'Forge-Prod-Database',
      scenario: 'database',
      maximumMinutes: 120,
    },
    {
      groupId: groups.kubernetes,
      tier: 1,
      account: '333333333333',
      environment: 'prod-wealth',
      permissionSet: 'Forge-Prod-Kubernetes',
      scenario: 'kubernetes',
      maximumMinutes: 120,
    },
    {
      groupId: groups.readOnly,
      tier: 2,
      account: '444444444444',
      environment: 'prod-cash',
      permissionSet: 'Forge-Prod-ReadOnly',
      maximumMinutes: 240,
    },
  ],
  emergencyRoles: [
    {
      roleArn: emergencyRole,
      tier: 0,
      account: '333333333333',
      environment: 'prod-wealth',
      maximumMinutes: 60,
      ticketWithinMinutes: 60,
    },
    {
      roleArn: 'arn:aws:iam::333333333333:role/forge/Forge-Prod-EmergencyOffline',
      tier: 3,
      account: '333333333333',
      environment: 'prod-wealth',
      maximumMinutes: 240,
    },
  ],
};

export function storyPolicy(change: Record<string, unknown> = {}): Policy {
  const parsed = parsePolicy(JSON.stringify({ ...policyDocument, ...change }));
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export const requestId = newRequestId(noon - 10 * minute, new Uint8Array(10).fill(7));

export function storyRequest(change: Partial<AccessRequest> = {}): AccessRequest {
  return {
    v: 1,
    kind: 'request',
    id: requestId,
    tier: 1,
    account: '333333333333',
    environment: 'prod-wealth',
    scenario: 'database',
    permissionSet: 'Forge-Prod-Database',
    groupId: groups.database,
    minutes: 60,
    ticket: 'OPS-4711',
    reason: 'Orders stuck since 11:40',
    requester: people.dana,
    createdAt: '2026-11-21T11:50:00.000Z',
    ...change,
  };
}

export function storedRequest(request = storyRequest(), change: Partial<StoredObject> = {}): StoredObject {
  return {
    key: requestKey(request.requester.userId, request.id),
    bytes: encodeRequest(request),
    lastModified: noon - 10 * minute,
    ...change,
  };
}

export function storedDecision(
  of: StoredObject,
  tier = 1,
  change: Partial<Decision> = {},
  stored: Partial<StoredObject> = {},
): StoredObject {
  const decision: Decision = {
    v: 1,
    kind: 'decision',
    requestId,
    requestSha256: sha256(of.bytes),
    outcome: 'approved',
    minutes: 60,
    approver: people.mia,
    ...change,
  };
  return {
    key: decisionKey(tier, decision.requestId, decision.approver.userId),
    bytes: encodeDecision(decision),
    lastModified: noon - minute,
    ...stored,
  };
}

/** What is in the intake when Mia lets Dana in. */
export function storyPapers(change: Partial<Papers> = {}): Papers {
  const request = storedRequest();
  return { request, decisions: [storedDecision(request)], spent: false, ...change };
}

interface IdentityChange {
  readonly person?: { readonly userId: string; readonly userName: string };
  readonly role?: string;
  readonly account?: string;
}

/** `userIdentity` of a call by somebody who came through Identity Center. */
export function ssoIdentity({
  person = people.mia,
  role = 'AWSReservedSSO_Forge-BreakGlass-Approve-tier1_0123456789abcdef',
  account = '999999999999',
}: IdentityChange = {}): Record<string, unknown> {
  return {
    type: 'AssumedRole',
    principalId: `AROAEXAMPLEEXAMPLE123:${person.userName}`,
    arn: `arn:aws:sts::${account}:assumed-role/${role}/${person.userName}`,
    accountId: account,
    accessKeyId: 'ASIAEXAMPLEEXAMPLE12',
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAEXAMPLEEXAMPLE123',
        arn: `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/${role}`,
        accountId: account,
        userName: role,
      },
      attributes: { creationDate: '2026-11-21T11:58:00Z', mfaAuthenticated: 'false' },
    },
    onBehalfOf: {
      userId: person.userId,
      identityStoreArn: 'arn:aws:identitystore::999999999999:identitystore/d-9067f7c0de',
    },
  };
}

/** CloudTrail's record of identitystore:CreateGroupMembership. */
export function membershipEvent(change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    eventVersion: '1.11',
    userIdentity: ssoIdentity(),
    eventTime: '2026-11-21T12:00:00Z',
    eventSource: 'identitystore.amazonaws.com',
    eventName: 'CreateGroupMembership',
    awsRegion: 'us-east-1',
    sourceIPAddress: '203.0.113.7',
    userAgent: 'aws-sdk-js/3.1138.0 ua/2.1 os/linux lang/js md/nodejs#20.20.0 api/identitystore#3.1138.0',
    requestParameters: {
      identityStoreId: 'd-9067f7c0de',
      groupId: groups.database,
      memberId: { userId: people.dana.userId },
    },
    responseElements: { membershipId, identityStoreId: 'd-9067f7c0de' },
    requestID: '33b9dcdf-fb0c-44ba-886f-a46f1487d555',
    eventID: eventId,
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '999999999999',
    eventCategory: 'Management',
    tlsDetails: {
      tlsVersion: 'TLSv1.3',
      clientProvidedHostHeader: 'identitystore.us-east-1.amazonaws.com',
    },
    ...change,
  };
}

/** What the person's forge named the emergency. */
export const clientId = 'BG-01KAJ2K3W0000000000000EMER';

/** CloudTrail's record of sts:AssumeRole of the emergency role, tier 0. */
export function assumeRoleEvent(
  change: Record<string, unknown> = {},
  parameters: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    eventVersion: '1.11',
    userIdentity: ssoIdentity({
      person: people.sven,
      role: 'AWSReservedSSO_Forge-SRE-OnCall_0123456789abcdef',
      account: '222222222222',
    }),
    eventTime: '2026-11-21T12:00:00Z',
    eventSource: 'sts.amazonaws.com',
    eventName: 'AssumeRole',
    awsRegion: 'us-east-1',
    sourceIPAddress: '203.0.113.7',
    userAgent: 'aws-sdk-js/3.1169.0',
    requestParameters: {
      roleArn: emergencyRole,
      roleSessionName: people.sven.userName,
      durationSeconds: 3600,
      sourceIdentity: people.sven.userId,
      tags: [
        { key: 'forge:tier', value: '0' },
        { key: 'forge:incident', value: 'INC-99' },
        { key: 'forge:reason', value: 'Site down' },
        { key: 'forge:id', value: clientId },
      ],
      transitiveTagKeys: ['forge:tier', 'forge:incident'],
      ...parameters,
    },
    responseElements: {
      credentials: {
        accessKeyId: 'ASIAEMERGENCYEXAMPLE',
        sessionToken: 'HIDDEN_DUE_TO_SECURITY_REASONS',
        expiration: 'Nov 21, 2026, 1:00:00 PM',
      },
      assumedRoleUser: {
        assumedRoleId: `AROAEMERGENCYEXAMPLE:${people.sven.userName}`,
        arn: `arn:aws:sts::333333333333:assumed-role/Forge-Prod-Emergency/${people.sven.userName}`,
      },
      sourceIdentity: people.sven.userId,
    },
    requestID: '1b9dcdf3-fb0c-44ba-886f-a46f1487d555',
    eventID: eventId,
    readOnly: true,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '333333333333',
    eventCategory: 'Management',
    ...change,
  };
}
