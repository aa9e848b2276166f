import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { fillTemplate } from '../../src/lib/fill-template.ts';
import { compilePattern } from '../../src/lib/match-event-pattern.ts';
import { accessNames, productionNames } from '../../src/sandbox/break-glass/policy-names.ts';
import { assumeRoleEvent, membershipEvent, people, ssoIdentity } from '../support/break-glass-story.ts';

/** The rules as they are deployed, on events as AWS writes them. */
const modules = join(import.meta.dirname, '..', '..', 'infra', 'modules');
const names = { access: accessNames, production: productionNames({ id: '333333333333' }) };
type Module = keyof typeof names;

const rulesOf = (module: Module) => {
  const folder = join(modules, `${module}-account`, 'rules');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({
      name: `${module}/${file.replace('.json', '')}`,
      pattern: fillTemplate(JSON.parse(readFileSync(join(folder, file), 'utf8')), names[module]) as Record<
        string,
        unknown
      >,
    }));
};
const rules = [...rulesOf('access'), ...rulesOf('production')];

const call = (detail: Record<string, unknown>, change: Record<string, unknown> = {}) => ({
  version: '0',
  id: '28507fe9-d1f8-499f-ac6d-ec78003fa1f0',
  'detail-type': 'AWS API Call via CloudTrail',
  source: `aws.${String(detail.eventSource).split('.')[0]}`,
  account: '999999999999',
  time: '2026-11-21T12:00:00Z',
  region: 'us-east-1',
  resources: [],
  detail,
  ...change,
});
const offlineArn = 'arn:aws:iam::999999999999:user/forge/forge-emergency-a';
const offline = {
  type: 'IAMUser',
  principalId: 'AIDAEXAMPLE',
  arn: offlineArn,
  accountId: '999999999999',
  accessKeyId: 'AKIAEXAMPLE',
  userName: 'forge-emergency-a',
};
const directory = (eventName: string) =>
  membershipEvent({
    eventSource: 'sso-directory.amazonaws.com',
    eventName,
    requestParameters: {
      identityStoreId: 'd-9067f7c0de',
      groupId: '34887428-4081-7042-c3c6-928d413009e7',
      member: { memberId: people.dana.userId },
    },
    responseElements: null,
  });
const assume = (roleArn: string, change: Record<string, unknown> = {}) =>
  assumeRoleEvent(change, { roleArn });
const s3 = (bucket: string, change: Record<string, unknown> = {}) => ({
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account: '999999999999',
  time: '2026-11-21T12:00:00Z',
  region: 'us-east-1',
  resources: [`arn:aws:s3:::${bucket}`],
  detail: {
    version: '0',
    bucket: { name: bucket },
    object: { key: 'requests/x/y.json', size: 5, etag: 'b57f9512698f4b09e608f4f2a65852e5', sequencer: '0' },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '999999999999',
    'source-ip-address': '1.2.3.4',
    reason: 'PutObject',
  },
  ...change,
});
const signIn = (spelling: string, change: Record<string, unknown> = {}) =>
  call(
    {
      eventVersion: '1.08',
      userIdentity: offline,
      eventSource: 'signin.amazonaws.com',
      eventName: 'ConsoleLogin',
      eventID: '28507fe9-d1f8-499f-ac6d-ec78003fa1f0',
      responseElements: { ConsoleLogin: 'Success' },
      ...change,
    },
    { 'detail-type': `AWS Console ${spelling} via CloudTrail` },
  );
const { arn: _, ...unknownUser } = offline;
const denied =
  'User: arn:aws:sts::333333333333:assumed-role/x/y is not authorized to perform: sts:AssumeRole on resource:';
const bySaml = (role: string) =>
  assume(`arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/${role}`, {
    eventName: 'AssumeRoleWithSAML',
  });

const [attempts, roles, members, user, sso, forwarded, intake] = [
  'access/emergency-attempts',
  'production/emergency-roles',
  'access/memberships',
  'access/offline-user',
  'production/single-sign-on',
  'access/forwarded',
  'access/intake',
] as const;

/** What fits; that CloudTrail told of it, which `forwarded` takes for granted, is not said. */
const events: readonly [string, object, readonly string[]][] = [
  ['CreateGroupMembership', call(membershipEvent()), [members]],
  ['that was refused', call(membershipEvent({ errorCode: 'AccessDeniedException' })), [members]],
  ['DeleteGroupMembership', call(membershipEvent({ eventName: 'DeleteGroupMembership' })), [members]],
  ['AddMemberToGroup of the console', call(directory('AddMemberToGroup')), [members]],
  ['RemoveMemberFromGroup of the console', call(directory('RemoveMemberFromGroup')), [members]],
  ['another call of the identity store', call(membershipEvent({ eventName: 'CreateUser' })), []],
  ['a call of that name elsewhere', call(membershipEvent({ eventSource: 'example.amazonaws.com' })), []],
  ['an event that somebody put', call(membershipEvent(), { source: 'my.identitystore' }), []],
  ['an object of the intake', s3('forge-breakglass-intake-999999999999'), [intake]],
  ['an object of the archive', s3('forge-breakglass-archive-999999999999'), []],
  ['an object deleted', s3('forge-breakglass-intake-999999999999', { 'detail-type': 'Object Deleted' }), []],
  ['an object, says somebody', s3('forge-breakglass-intake-999999999999', { source: 'my.s3' }), []],
  ['tier 0', call(assume('arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency')), [attempts, roles]],
  [
    'tier 3, as the role’s account is told',
    call(
      assume('arn:aws:iam::333333333333:role/forge/Forge-BreakGlass-Offline', {
        userIdentity: { type: 'AWSAccount', principalId: 'AIDAEXAMPLE', accountId: '999999999999' },
      }),
    ),
    [attempts, roles],
  ],
  [
    'tier 3, as the user’s account is told',
    call(assume('arn:aws:iam::333333333333:role/forge/Forge-BreakGlass-Offline', { userIdentity: offline })),
    [attempts, user, roles],
  ],
  [
    'a role by web identity',
    call(assume('arn:aws:iam::333333333333:role/MyBreakGlass', { eventName: 'AssumeRoleWithWebIdentity' })),
    [attempts, roles],
  ],
  [
    'a refusal that has its parameters',
    call(
      assume('arn:aws:iam::333333333333:role/Emergency', {
        errorCode: 'AccessDenied',
        responseElements: null,
      }),
    ),
    [attempts, roles],
  ],
  [
    'a refusal that has none',
    call(
      assumeRoleEvent({
        errorCode: 'AccessDenied',
        errorMessage: `${denied} arn:aws:iam::333333333333:role/forge/Forge-Prod-Emergency`,
        requestParameters: null,
        responseElements: null,
      }),
    ),
    [attempts, roles],
  ],
  ['a role of another name', call(assume('arn:aws:iam::333333333333:role/readonly-rds-access')), []],
  ['a name in small letters', call(assume('arn:aws:iam::333333333333:role/my-breakglass')), []],
  ['credentials of a grant', call(bySaml('AWSReservedSSO_Forge-Prod-Database_0123456789abcdef')), [sso]],
  [
    'an approver’s sign-in, here and there',
    call(bySaml('AWSReservedSSO_Forge-BreakGlass-Approve-tier1_0123456789abcdef')),
    [roles, sso],
  ],
  ['a role of another SAML provider', call(bySaml('of-something')), []],
  [
    'a new key of tier 3’s user',
    call({ userIdentity: offline, eventSource: 'iam.amazonaws.com', eventName: 'CreateAccessKey' }),
    [user],
  ],
  [
    'a look with its key',
    call({ userIdentity: offline, eventSource: 'sts.amazonaws.com', eventName: 'GetCallerIdentity' }),
    [user],
  ],
  ['its sign-in', signIn('Sign In'), [user]],
  ['its sign-in, in the other spelling', signIn('Signin'), [user]],
  ['its failed sign-in', signIn('Sign In', { userIdentity: unknownUser }), [user]],
  [
    'another user’s sign-in',
    signIn('Sign In', {
      userIdentity: { ...offline, arn: `${offlineArn}b`, userName: 'forge-emergency-ab' },
    }),
    [],
  ],
  [
    'a role session of its name',
    call({
      userIdentity: { ...ssoIdentity(), userName: 'forge-emergency-a' },
      eventSource: 'iam.amazonaws.com',
      eventName: 'ListUsers',
    }),
    [],
  ],
];
const isCall = (event: object) => 'source' in event && /^aws\.(?!s3)/.test(String(event.source));

describe('event patterns', () => {
  it.each(events)('%s', (_what, event, expected) => {
    const fitting = rules.filter(({ pattern }) => compilePattern(pattern)(event as Record<string, unknown>));
    const all = [...expected, ...(isCall(event) ? [forwarded] : [])];
    expect(fitting.map(({ name }) => name).sort()).toEqual(all.sort());
  });

  it('each is tried, is AWS’s own events only, and within what AWS takes', () => {
    const tried = new Set([...events.flatMap(([, , fitting]) => fitting), forwarded]);
    expect(rules.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
    for (const { name, pattern } of rules) {
      const [source, ...more] = pattern.source as readonly unknown[];
      expect(more, name).toEqual([]);
      expect(JSON.stringify(source), name).toMatch(/^(?:"aws\.|\{"prefix":"aws\."\}$)/);
      expect(JSON.stringify(pattern).length, name).toBeLessThan(2_048);
      expect(`forge-breakglass-${name.split('/')[1]}`.length, name).toBeLessThanOrEqual(64);
    }
  });

  /** moto's engine, without its server: it says what it thinks of each pair. */
  const judge = `
import json, sys
from moto.events.models import EventPattern
pairs = json.load(sys.stdin)
print(json.dumps([EventPattern(None, pattern).matches_event(event) for pattern, event in pairs]))
`;
  const hasMoto = spawnSync('python3', ['-c', 'import moto.events.models'], { stdio: 'ignore' }).status === 0;
  if (!hasMoto)
    process.stderr.write('\nSkipped for lack of moto in python3: that it matches event patterns alike\n');
  it.runIf(hasMoto)('moto finds the same', async () => {
    const pairs = rules.flatMap(({ name, pattern }) =>
      events.map(([what, event]) => ({ name, what, pattern, event })),
    );
    const child = spawn('python3', ['-c', judge], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(JSON.stringify(pairs.map(({ pattern, event }) => [pattern, event])));
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
    const theirs = JSON.parse(output) as readonly boolean[];
    const different = pairs.filter(
      ({ pattern, event }, index) =>
        compilePattern(pattern)(event as Record<string, unknown>) !== theirs[index],
    );
    expect(different.map(({ name, what }) => `${name}: ${what}`)).toEqual([]);
    expect(theirs.filter(Boolean).length).toBeGreaterThan(30);
  });
});
