import { describe, expect, it } from 'vitest';
import { boundaryDocument } from '../../../src/breakglass/protocol/boundary.ts';
import type { PolicyDocument } from '../../../src/iam/policy.ts';
import type { ContextEntries } from '../../../src/iam/request-context.ts';
import type { Bucket } from '../../../src/sandbox/aws/s3/bucket.ts';
import { archive, archiveBucket, intake, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { type Role, roleArn } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { accessAccount } from '../../../src/sandbox/seed-accounts.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/** The protocol's policies, each question judged twice. */
const organisation = seedOrganisation();
const now = Date.UTC(2026, 10, 20, 12, 5);
const wealth = '333333333333';
const found = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('not in the seed');
  return value;
};
const userId = (nickname: string) =>
  found(organisation.people.find((person) => person.nickname === nickname)).id;
const group = (name: string) => found(organisation.groups.find((entry) => entry.name === name)).id;
const bucket = (name: string): Bucket => found(organisation.buckets.find((entry) => entry.name === name));
const role = (name: string, account = accessAccount): Role =>
  found(organisation.roles.find((entry) => entry.name === name && entry.account === account));

/** A person with a permission set: `dana Request`. */
function person(nickname: string, set: string, account = accessAccount): IssuedKeys {
  const who = found(organisation.people.find((entry) => entry.nickname === nickname));
  const permissionSet = found(organisation.permissionSets.find(({ name }) => name === set));
  return sessionKeys(identityCenterRole(account, permissionSet), who.userName, { person: who });
}
const requester = person('dana', 'Forge-BreakGlass-Request');
const manager = person('mia', 'Forge-BreakGlass-Approve-tier1');
const senior = person('sven', 'Forge-BreakGlass-Approve-tier2');
const admin = person('alex', 'Forge-Admin');
const killer = person('alex', 'Forge-BreakGlass-Kill');
const auditor = person('noor', 'Forge-BreakGlass-Audit');
const onCall = person('sam', 'Forge-SRE-OnCall', wealth);
const elsewhere = (path: string): IssuedKeys => {
  const [set] = organisation.permissionSets.filter(({ name }) => name === 'Forge-SRE-OnCall');
  const sam = found(organisation.people.find(({ nickname }) => nickname === 'sam'));
  return sessionKeys({ ...identityCenterRole(wealth, found(set)), path }, sam.userName, { person: sam });
};
const onCallAbroad = elsewhere('/aws-reserved/sso.amazonaws.com/eu-central-1/');
const pretender = elsewhere('/workload/aws-reserved/sso.amazonaws.com/');
const handler = (name: string) => sessionKeys(role(`forge-breakglass-${name}`), name);
/** A role with an approver's policies that nobody signed in to: it has no user id. */
const machine = sessionKeys(
  { ...role('forge-breakglass-revoker'), policies: policiesOf(manager) },
  'machine',
);

function policiesOf({ principal }: IssuedKeys): readonly PolicyDocument[] {
  return principal.kind === 'role' ? principal.role.policies : [];
}

type Case = readonly [name: string, expected: 'allowed' | 'denied', question: () => Promise<string>];

const store = `arn:aws:identitystore::${accessAccount}:identitystore/${organisation.identityStoreId}`;
const userArn = (nickname: string) => `arn:aws:identitystore:::user/${userId(nickname)}`;
const groupArn = (name: string) => `arn:aws:identitystore:::group/${group(name)}`;
const database = 'grp-forge-jit-tier1-database-prod-wealth';
const readOnly = 'grp-forge-jit-tier2-read-only-prod-cash';
const membership = 'arn:aws:identitystore:::membership/9067f7c0de-00000000-0000-4000-8000-000000000000';

/** Every resource of the action must be allowed, as AWS asks about all of them. */
async function inStore(keys: IssuedKeys, action: string, ...resources: string[]): Promise<string> {
  let verdict = 'allowed';
  for (const resource of [store, ...resources]) {
    const question = { now, keys, action: `identitystore:${action}`, resource, owner: accessAccount };
    if ((await bothJudges(question)) === 'denied') verdict = 'denied';
  }
  return verdict;
}
const add = (keys: IssuedKeys, nickname: string, into: string) => () =>
  inStore(keys, 'CreateGroupMembership', groupArn(into), userArn(nickname));
const remove = (keys: IssuedKeys, nickname: string, from: string) => () =>
  inStore(keys, 'DeleteGroupMembership', groupArn(from), userArn(nickname), membership);

const s3 =
  (keys: IssuedKeys, action: string, name: string, key: string, context: ContextEntries = {}) =>
  () =>
    bothJudges({
      now,
      keys,
      action: `s3:${action}`,
      resource: key === '' ? `arn:aws:s3:::${name}` : `arn:aws:s3:::${name}/${key}`,
      owner: accessAccount,
      policy: bucket(name).policy,
      context,
    });
const once = { 's3:if-none-match': '*' };
const put = (keys: IssuedKeys, key: string, context: ContextEntries = once, name = intakeBucket) =>
  s3(keys, 'PutObject', name, key, context);
const list = (keys: IssuedKeys, prefix: string | undefined) =>
  s3(keys, 'ListBucket', intakeBucket, '', { 's3:prefix': prefix });

const emergency = role('Forge-Prod-Emergency', wealth);
const honest: ContextEntries = {
  'aws:RequestedRegion': 'us-east-1',
  'sts:SourceIdentity': userId('sam'),
  'aws:RequestTag/forge:tier': '0',
  'aws:RequestTag/forge:incident': 'INC-1',
  'aws:RequestTag/forge:reason': 'Site down',
  'aws:TagKeys': ['forge:tier', 'forge:incident', 'forge:reason', 'forge:id'],
  'sts:RoleSessionName': 'sam',
};
const onRole = (keys: IssuedKeys, action: string, to: Role, context: ContextEntries) => () =>
  bothJudges({
    now,
    keys,
    action: `sts:${action}`,
    resource: roleArn(to),
    owner: to.account,
    role: to,
    context,
  });
const breakGlass = (change: ContextEntries, keys = onCall, action = 'AssumeRole') =>
  onRole(keys, action, emergency, { ...honest, ...change });
const act =
  (keys: IssuedKeys, action: string, resource: string, owner = wealth, boundary?: PolicyDocument) =>
  () =>
    bothJudges({ now, keys, action, resource, owner, boundary });

const inEmergency = sessionKeys(emergency, 'sam', { sourceIdentity: userId('sam') });
const offline = sessionKeys(role('Forge-BreakGlass-Offline', wealth), 'sam+sven', {
  sourceIdentity: 'sam+sven',
});
const inProduction = person('alex', 'Forge-Admin', wealth);
const writer = role('write-rds-access', wealth);
/** A program's own role, which trusts its account, as many do: nothing refuses what it issued. */
const { boundary: _, ...unbounded } = writer;
const workload: Role = {
  ...unbounded,
  name: 'billing-worker',
  trust: {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${wealth}:root` },
      Action: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
    },
  },
};
const goingOn: ContextEntries = { 'sts:RoleSessionName': 'sam' };
const tail = sessionKeys(role('ForgeAuditCutTail', wealth), 'revoker');
const boundaryArn = `arn:aws:iam::${wealth}:policy/forge/ForgeBreakGlassRevocations`;
const inDatabase = person('dana', 'Forge-Prod-Database', wealth);
const cutAt = (time: string, user = userId('dana')): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: '*', Resource: '*' },
    {
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: {
        StringEquals: { 'identitystore:UserId': user },
        DateLessThanEquals: { 'aws:TokenIssueTime': time },
      },
    },
  ],
});
const boundaryOfSet = (issuedBy: string, at: number): PolicyDocument =>
  JSON.parse(boundaryDocument([{ who: userId('dana'), at, only: { issuedBy } }], now));

const record = 'sessions/BG-01KAJ2K3W0000000000000C7F3/000000.json';
const evidenceFile = 'sessions/BG-01KAJ2K3W0000000000000C7F3/files/client-000000.jsonl';
const listRecords = (keys: IssuedKeys, prefix: string) =>
  s3(keys, 'ListBucket', archiveBucket, '', { 's3:prefix': prefix });
const cases: readonly Case[] = [
  [
    'an auditor lists the archive with its versions',
    'allowed',
    s3(auditor, 'ListBucketVersions', archiveBucket, ''),
  ],
  ['an auditor reads a version', 'allowed', s3(auditor, 'GetObjectVersion', archiveBucket, record)],
  ['an auditor reads a lock', 'allowed', s3(auditor, 'GetObjectRetention', archiveBucket, record)],
  ['an auditor writes a record', 'denied', put(auditor, record, once, archiveBucket)],
  ['an auditor deletes a version', 'denied', s3(auditor, 'DeleteObjectVersion', archiveBucket, record)],
  ['an auditor shortens a lock', 'denied', s3(auditor, 'PutObjectRetention', archiveBucket, record)],
  ['an auditor reads the intake', 'denied', s3(auditor, 'GetObject', intakeBucket, 'requests/x')],
  ['an auditor lets somebody in', 'denied', add(auditor, 'dana', database)],
  ['a requester reads the archive', 'denied', s3(requester, 'GetObjectVersion', archiveBucket, record)],
  ['a manager reads the archive', 'denied', s3(manager, 'GetObjectVersion', archiveBucket, record)],
  ['a manager reads a record', 'allowed', s3(manager, 'GetObject', archiveBucket, record)],
  ['a manager reads evidence', 'denied', s3(manager, 'GetObject', archiveBucket, evidenceFile)],
  ['a manager lists records', 'allowed', listRecords(manager, 'sessions/EV-')],
  ['a manager lists the ledger', 'denied', listRecords(manager, 'ledger/')],
  ['who may stop anybody reads a record', 'allowed', s3(killer, 'GetObject', archiveBucket, record)],
  ['who may stop anybody reads evidence', 'denied', s3(killer, 'GetObject', archiveBucket, evidenceFile)],
  ['a requester reads a record', 'denied', s3(requester, 'GetObject', archiveBucket, record)],
  ['a requester lists records', 'denied', listRecords(requester, 'sessions/')],
  ['a manager stops somebody', 'allowed', put(manager, `kills/BG-1/${userId('mia')}.json`)],
  ['a manager stops somebody twice', 'denied', put(manager, `kills/BG-1/${userId('mia')}.json`, {})],
  ['a manager stops in another’s name', 'denied', put(manager, `kills/BG-1/${userId('sven')}.json`)],
  ['a stop without a person', 'denied', put(machine, 'kills/BG-1/.json')],
  ['who may stop anybody does', 'allowed', put(killer, `kills/EV-1/${userId('alex')}.json`)],
  ['… but not in another’s name', 'denied', put(killer, `kills/EV-1/${userId('mia')}.json`)],
  ['… and asks for nothing', 'denied', put(killer, `requests/${userId('alex')}/BG-1.json`)],
  ['… and decides nothing', 'denied', put(killer, `decisions/tier1/BG-1/${userId('alex')}.json`)],
  ['… and writes no record', 'denied', put(killer, record, once, archiveBucket)],
  ['… and lets nobody in', 'denied', add(killer, 'dana', database)],
  ['… and takes tier 1 back', 'allowed', remove(killer, 'dana', database)],
  ['… and tier 2', 'allowed', remove(killer, 'dana', readOnly)],
  ['… and empties no group of a team', 'denied', remove(killer, 'dana', 'grp-forge-developers')],
  ['an administrator stops by hand', 'denied', put(admin, `kills/BG-1/${userId('alex')}.json`)],
  ['a requester stops somebody', 'denied', put(requester, `kills/BG-1/${userId('dana')}.json`)],
  ['a requester stops in the manager’s name', 'denied', put(requester, `kills/BG-1/${userId('mia')}.json`)],
  ['a requester sees who stopped it', 'allowed', s3(requester, 'GetObject', intakeBucket, 'kills/x/y.json')],
  ['a requester lists stops', 'allowed', list(requester, 'kills/BG-1/')],
  ['a senior engineer takes back tier 1', 'denied', remove(senior, 'dana', database)],
  ['an auditor stops somebody', 'denied', put(auditor, `kills/BG-1/${userId('noor')}.json`)],
  ['a manager lets a requester in', 'allowed', add(manager, 'dana', database)],
  ['a manager lets in oneself', 'denied', add(manager, 'mia', database)],
  // The identity store's API takes ids in capitals; IAM would take them for another's.
  [
    '… under one’s id in capitals',
    'denied',
    () =>
      inStore(
        manager,
        'CreateGroupMembership',
        groupArn(database),
        userArn('mia').replace(/[^/]*$/, (id) => id.toUpperCase()),
      ),
  ],
  ['a manager lets somebody into tier 2', 'denied', add(manager, 'dana', readOnly)],
  [
    'a manager lets somebody into administrators',
    'denied',
    add(manager, 'dana', 'grp-forge-platform-admins'),
  ],
  ['a manager lets somebody into approvers', 'denied', add(manager, 'dana', 'grp-forge-approvers-managers')],
  ['a senior engineer lets somebody into tier 2', 'allowed', add(senior, 'dana', readOnly)],
  ['a senior engineer lets in oneself', 'denied', add(senior, 'sven', readOnly)],
  ['a senior engineer lets somebody into tier 1', 'denied', add(senior, 'dana', database)],
  ['a requester lets in oneself', 'denied', add(requester, 'dana', database)],
  ['a requester lets in another', 'denied', add(requester, 'sven', database)],
  ['an approver’s policies without a person', 'denied', add(machine, 'dana', database)],
  ['an administrator lets in oneself', 'denied', add(admin, 'alex', database)],
  ['the recorder lets somebody in', 'denied', add(handler('recorder'), 'dana', database)],
  ['the revoker lets somebody in', 'denied', add(handler('revoker'), 'dana', database)],
  ['the sweeper lets somebody in', 'denied', add(handler('sweeper'), 'dana', database)],
  ['the exporter lets somebody in', 'denied', add(handler('exporter'), 'dana', database)],
  ['a requester ends one’s own', 'allowed', remove(requester, 'dana', database)],
  ['a requester ends another’s', 'denied', remove(requester, 'sven', database)],
  ['a requester leaves a group of one’s team', 'denied', remove(requester, 'dana', 'grp-forge-developers')],
  ['a manager takes back', 'allowed', remove(manager, 'dana', database)],
  ['a manager takes back tier 2', 'denied', remove(manager, 'dana', readOnly)],
  ['the revoker takes back', 'allowed', remove(handler('revoker'), 'dana', database)],
  ['the sweeper takes back', 'allowed', remove(handler('sweeper'), 'dana', readOnly)],
  [
    'the sweeper empties a group of a team',
    'denied',
    remove(handler('sweeper'), 'dana', 'grp-forge-developers'),
  ],
  ['the recorder takes back', 'denied', remove(handler('recorder'), 'dana', database)],

  ['a request of one’s own', 'allowed', put(requester, `requests/${userId('dana')}/BG-1.json`)],
  ['a request over another', 'denied', put(requester, `requests/${userId('dana')}/BG-1.json`, {})],
  ['a request of another’s', 'denied', put(requester, `requests/${userId('sven')}/BG-1.json`)],
  ['a request under no name', 'denied', put(requester, 'requests/BG-1.json')],
  ['an end of one’s own', 'allowed', put(requester, `ends/${userId('dana')}/BG-1.json`)],
  [
    'evidence of one’s own is read',
    'allowed',
    s3(requester, 'GetObject', intakeBucket, `evidence/${userId('dana')}/BG-1/000000.jsonl`),
  ],
  ['evidence of one’s own', 'allowed', put(requester, `evidence/${userId('dana')}/BG-1/000000.jsonl`)],
  ['a requester’s decision', 'denied', put(requester, `decisions/tier1/BG-1/${userId('dana')}.json`)],
  [
    'a requester’s decision as the manager',
    'denied',
    put(requester, `decisions/tier1/BG-1/${userId('mia')}.json`),
  ],
  ['a manager’s decision', 'allowed', put(manager, `decisions/tier1/BG-1/${userId('mia')}.json`)],
  ['a manager’s second decision', 'denied', put(manager, `decisions/tier1/BG-1/${userId('mia')}.json`, {})],
  ['a manager’s decision as another', 'denied', put(manager, `decisions/tier1/BG-1/${userId('sven')}.json`)],
  ['a manager’s decision of tier 2', 'denied', put(manager, `decisions/tier2/BG-1/${userId('mia')}.json`)],
  ['a manager’s request for another', 'denied', put(manager, `requests/${userId('dana')}/BG-1.json`)],
  ['a decision without a person', 'denied', put(machine, 'decisions/tier1/BG-1/.json')],
  [
    'an administrator’s request without a condition',
    'denied',
    put(admin, `requests/${userId('dana')}/x`, {}),
  ],
  ['a requester in the archive', 'denied', put(requester, 'sessions/BG-1/000000.json', once, archiveBucket)],
  ['a manager in the archive', 'denied', put(manager, 'sessions/BG-1/000000.json', once, archiveBucket)],
  ['an administrator in the archive', 'denied', put(admin, 'sessions/BG-1/000000.json', once, archiveBucket)],
  [
    'the recorder in the archive',
    'allowed',
    put(handler('recorder'), 'sessions/BG-1/000000.json', once, archiveBucket),
  ],
  [
    'the recorder over a record',
    'denied',
    put(handler('recorder'), 'sessions/BG-1/000000.json', {}, archiveBucket),
  ],
  ['the recorder elsewhere in the archive', 'denied', put(handler('recorder'), 'other', once, archiveBucket)],
  [
    'the revoker in the archive',
    'denied',
    put(handler('revoker'), 'sessions/BG-1/1.json', once, archiveBucket),
  ],
  [
    'the exporter in the archive',
    'denied',
    put(handler('exporter'), 'sessions/BG-1/1.json', once, archiveBucket),
  ],
  ['a request is read', 'allowed', s3(requester, 'GetObject', intakeBucket, 'requests/x/y.json')],
  ['a version is read', 'allowed', s3(manager, 'GetObjectVersion', intakeBucket, 'requests/x/y.json')],
  [
    'another’s evidence is read by a requester',
    'denied',
    s3(requester, 'GetObject', intakeBucket, 'evidence/x/y/0.jsonl'),
  ],
  ['requests are listed', 'allowed', list(requester, 'requests/')],
  ['everything is listed by a requester', 'denied', list(requester, undefined)],
  ['everything is listed by a manager', 'allowed', list(manager, undefined)],
  [
    'a requester deletes',
    'denied',
    s3(requester, 'DeleteObject', intakeBucket, `requests/${userId('dana')}/x`),
  ],
  ['an administrator deletes a request', 'denied', s3(admin, 'DeleteObject', intakeBucket, 'requests/x')],
  [
    'an administrator deletes a record',
    'denied',
    s3(admin, 'DeleteObjectVersion', archiveBucket, 'sessions/x'),
  ],
  [
    'an administrator shortens a lock',
    'denied',
    s3(admin, 'PutObjectRetention', archiveBucket, 'sessions/x'),
  ],
  [
    'an administrator changes the archive’s policy',
    'denied',
    s3(admin, 'PutBucketPolicy', archiveBucket, ''),
  ],
  ['an administrator reads a record', 'allowed', s3(admin, 'GetObject', archiveBucket, 'sessions/x')],
  ['the recorder deletes', 'denied', s3(handler('recorder'), 'DeleteObject', archiveBucket, 'sessions/x')],
  [
    'production’s emergency role writes a record',
    'denied',
    put(inEmergency, 'sessions/x', once, archiveBucket),
  ],

  ['tier 0 as it should be', 'allowed', breakGlass({})],
  ['tier 0 where Identity Center is in another region', 'allowed', breakGlass({}, onCallAbroad)],
  ['… and by a role of that name that is not its', 'denied', breakGlass({}, pretender)],
  ['tier 0 as another', 'denied', breakGlass({ 'sts:SourceIdentity': userId('mia') })],
  ['tier 0 as nobody', 'denied', breakGlass({ 'sts:SourceIdentity': undefined })],
  ['tier 0 without a reason', 'denied', breakGlass({ 'aws:RequestTag/forge:reason': undefined })],
  ['tier 0 with an empty reason', 'denied', breakGlass({ 'aws:RequestTag/forge:reason': '' })],
  ['tier 0 without an incident', 'denied', breakGlass({ 'aws:RequestTag/forge:incident': undefined })],
  ['tier 0 as tier 1', 'denied', breakGlass({ 'aws:RequestTag/forge:tier': '1' })],
  ['tier 0 in another region', 'denied', breakGlass({ 'aws:RequestedRegion': 'ap-southeast-1' })],
  ['tier 0 from elsewhere', 'denied', breakGlass({ 'aws:SourceIp': '203.0.113.7' })],
  ['tier 0 by a developer', 'denied', breakGlass({}, person('dana', 'Forge-Prod-Database', wealth))],
  ['tier 0 by an administrator', 'denied', breakGlass({}, person('alex', 'Forge-Admin', wealth))],
  ['tier 0 names oneself', 'allowed', breakGlass({}, onCall, 'SetSourceIdentity')],
  [
    'tier 0 names another',
    'denied',
    breakGlass({ 'sts:SourceIdentity': userId('mia') }, onCall, 'SetSourceIdentity'),
  ],
  ['tier 0 tags', 'allowed', breakGlass({}, onCall, 'TagSession')],
  [
    'tier 0 tags as it likes',
    'denied',
    breakGlass({ 'aws:TagKeys': ['forge:tier', 'team'] }, onCall, 'TagSession'),
  ],
  ['being on call describes an instance', 'denied', act(onCall, 'ec2:DescribeInstances', '*')],
  [
    'tier 0 restarts',
    'allowed',
    act(inEmergency, 'rds:RebootDBInstance', `arn:aws:rds:us-east-1:${wealth}:db:x`),
  ],
  [
    'tier 0 blinds the trail',
    'denied',
    act(inEmergency, 'cloudtrail:StopLogging', `arn:aws:cloudtrail:us-east-1:${wealth}:trail/x`),
  ],
  [
    'tier 0 disables a rule',
    'denied',
    act(inEmergency, 'events:DisableRule', `arn:aws:events:us-east-1:${wealth}:rule/forge-breakglass-use`),
  ],
  [
    '… the alarm of what could not be told',
    'denied',
    act(
      inEmergency,
      'cloudwatch:DeleteAlarms',
      `arn:aws:cloudwatch:us-east-1:${wealth}:alarm:forge-breakglass-undelivered`,
    ),
  ],
  [
    '… its queue',
    'denied',
    act(inEmergency, 'sqs:PurgeQueue', `arn:aws:sqs:us-east-1:${wealth}:forge-breakglass-undelivered`),
  ],
  [
    '… the bus, by a key that is taken away',
    'denied',
    act(inEmergency, 'events:UpdateEventBus', `arn:aws:events:us-east-1:${wealth}:event-bus/default`),
  ],
  [
    '… the transcripts, by such a key',
    'denied',
    act(
      inEmergency,
      'logs:AssociateKmsKey',
      `arn:aws:logs:us-east-1:${wealth}:log-group:/forge/session-manager`,
    ),
  ],
  [
    '… or by the key that they have',
    'denied',
    act(inEmergency, 'kms:ScheduleKeyDeletion', `arn:aws:kms:us-east-1:${wealth}:key/x`),
  ],
  [
    '… lets others into a cluster for good',
    'denied',
    act(inEmergency, 'eks:CreateAccessEntry', `arn:aws:eks:us-east-1:${wealth}:cluster/x`),
  ],
  [
    '… and has queues of its own',
    'allowed',
    act(inEmergency, 'sqs:PurgeQueue', `arn:aws:sqs:us-east-1:${wealth}:orders`),
  ],
  ['tier 0 goes to a database', 'allowed', onRole(inEmergency, 'AssumeRole', writer, goingOn)],
  ['tier 0 becomes a workload', 'denied', onRole(inEmergency, 'AssumeRole', workload, goingOn)],
  ['… which an administrator may', 'allowed', onRole(inProduction, 'AssumeRole', workload, goingOn)],
  ['tier 3 goes to a database', 'allowed', onRole(offline, 'AssumeRole', writer, goingOn)],
  ['tier 3 becomes a workload', 'denied', onRole(offline, 'AssumeRole', workload, goingOn)],
  ['tier 0 makes a user', 'denied', act(inEmergency, 'iam:CreateUser', `arn:aws:iam::${wealth}:user/x`)],

  [
    'the revoker becomes the tail’s cutter',
    'allowed',
    onRole(handler('revoker'), 'AssumeRole', role('ForgeAuditCutTail', wealth), {}),
  ],
  [
    'the sweeper becomes the tail’s cutter',
    'allowed',
    onRole(handler('sweeper'), 'AssumeRole', role('ForgeAuditCutTail', wealth), {}),
  ],
  [
    'the recorder becomes the tail’s cutter',
    'denied',
    onRole(handler('recorder'), 'AssumeRole', role('ForgeAuditCutTail', wealth), {}),
  ],
  [
    'an administrator becomes the tail’s cutter',
    'denied',
    onRole(person('alex', 'Forge-Admin', wealth), 'AssumeRole', role('ForgeAuditCutTail', wealth), {}),
  ],
  [
    'the exporter becomes the reader',
    'allowed',
    onRole(handler('exporter'), 'AssumeRole', role('ForgeAuditRead', wealth), {}),
  ],
  [
    'the sweeper becomes the reader',
    'allowed',
    onRole(handler('sweeper'), 'AssumeRole', role('ForgeAuditRead', wealth), {}),
  ],
  ['the tail is cut', 'allowed', act(tail, 'iam:CreatePolicyVersion', boundaryArn)],
  [
    'another policy is written',
    'denied',
    act(tail, 'iam:CreatePolicyVersion', `arn:aws:iam::${wealth}:policy/other`),
  ],
  [
    'an administrator writes the boundary',
    'denied',
    act(person('alex', 'Forge-Admin', wealth), 'iam:CreatePolicyVersion', boundaryArn),
  ],
  [
    'an administrator reads the boundary',
    'allowed',
    act(person('alex', 'Forge-Admin', wealth), 'iam:GetPolicy', boundaryArn),
  ],
  [
    'an administrator assigns',
    'denied',
    act(
      admin,
      'sso:CreateAccountAssignment',
      'arn:aws:sso:::instance/ssoins-0000000000000000',
      accessAccount,
    ),
  ],
  [
    'an administrator stops a workflow',
    'denied',
    act(
      admin,
      'states:StopExecution',
      `arn:aws:states:us-east-1:${accessAccount}:execution:forge-breakglass-session:x`,
      accessAccount,
    ),
  ],
  [
    'a developer in dev takes up forge’s role',
    'denied',
    act(
      person('dana', 'Forge-Developer', '111111111111'),
      'sts:TagSession',
      'arn:aws:iam::111111111111:role/forge/x',
      '111111111111',
    ),
  ],

  [
    'a boundary that revoked nobody',
    'allowed',
    act(
      inDatabase,
      'rds:DescribeDBClusters',
      `arn:aws:rds:us-east-1:${wealth}:cluster:x`,
      wealth,
      cutAt('2026-11-20T11:59:59Z'),
    ),
  ],
  [
    'keys from before the cut',
    'denied',
    act(
      inDatabase,
      'rds:DescribeDBClusters',
      `arn:aws:rds:us-east-1:${wealth}:cluster:x`,
      wealth,
      cutAt('2026-11-20T12:00:00Z'),
    ),
  ],
  [
    'another’s cut',
    'allowed',
    act(
      inDatabase,
      'rds:DescribeDBClusters',
      `arn:aws:rds:us-east-1:${wealth}:cluster:x`,
      wealth,
      cutAt('2026-11-20T12:00:00Z', userId('sven')),
    ),
  ],
  ...(
    [
      ['the permission set’s keys from before its cut', 'denied', 'Forge-Prod-Database', 0],
      ['its keys from after the cut', 'allowed', 'Forge-Prod-Database', 1],
      ['another permission set’s keys', 'allowed', 'Forge-Prod-Kubernetes', 0],
      ['those of one whose name begins so', 'allowed', 'Forge-Prod', 0],
    ] as const
  ).map(
    ([name, outcome, issuedBy, before]): Case => [
      name,
      outcome,
      act(
        inDatabase,
        'rds:DescribeDBClusters',
        `arn:aws:rds:us-east-1:${wealth}:cluster:x`,
        wealth,
        boundaryOfSet(issuedBy, now - 300_000 - before * 1_000),
      ),
    ],
  ),
  [
    'a boundary gives nothing',
    'denied',
    act(inDatabase, 'iam:CreateUser', `arn:aws:iam::${wealth}:user/x`, wealth, cutAt('2026-11-20T11:00:00Z')),
  ],
];

describe('the policies of break-glass, by two judges', () => {
  it.each(cases)('%s: %s', async (_name, expected, question) => {
    expect(await question()).toBe(expected);
  });

  it('are more than the design had', () => {
    expect(cases.length).toBeGreaterThan(39 + 19);
    expect(new Set(cases.map(([name]) => name)).size).toBe(cases.length);
    expect([intake, archive]).toEqual([`arn:aws:s3:::${intakeBucket}`, `arn:aws:s3:::${archiveBucket}`]);
  });
});
