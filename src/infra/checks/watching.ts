import type { JsonObject } from '../../lib/json-object.ts';
import { compilePattern } from '../../lib/match-event-pattern.ts';
import { type Check, type Fact, fact, type Judged, stated } from '../check.ts';
import type { DeployedRule } from '../deployment.ts';

const fix = 'Take the rules as forge infra export writes them (rules/*.json), enabled, each with its target.';

/** As AWS writes them: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-via-cloudtrail.html */
const call = (account: string, service: string, eventName: string, detail: JsonObject): JsonObject => ({
  'detail-type': 'AWS API Call via CloudTrail',
  source: `aws.${service}`,
  account,
  resources: [],
  detail: { eventSource: `${service}.amazonaws.com`, eventName, ...detail },
});

const assume = (
  account: string,
  role: string,
  eventName = 'AssumeRole',
  change: JsonObject = {},
): JsonObject =>
  call(account, 'sts', eventName, {
    requestParameters: { roleArn: `arn:aws:iam::${account}:role/${role}` },
    ...change,
  });

function fits(rule: DeployedRule, event: JsonObject): boolean {
  if (!rule.enabled || rule.pattern === undefined || rule.targets === 0) return false;
  try {
    return compilePattern(rule.pattern)(event);
  } catch {
    // What forge does not understand it does not count on.
    return false;
  }
}

const forwarded = 'forge-breakglass-forwarded';

/** Whether some rule of the event's account brings it on, and, where that is another account, the bus's rule to the recorder. */
function told({ deployment, intent }: Judged, what: string, event: JsonObject): Fact {
  const account = String(event.account);
  const there = deployment.rules.some(
    (rule) => rule.account === account && rule.name !== forwarded && fits(rule, event),
  );
  const arrives =
    account === intent.accessAccount ||
    deployment.rules.some(
      (rule) => rule.account === intent.accessAccount && rule.name === forwarded && fits(rule, event),
    );
  const found = !there ? 'no rule' : arrives ? 'told' : 'forwarded, and no rule on the bus takes it';
  return fact(what, `events of ${account}`, 'told', found, there && arrives);
}

const watched = (
  id: string,
  title: string,
  why: string,
  events: (judged: Judged) => readonly (readonly [string, JsonObject])[],
  applies?: Check['applies'],
): Check =>
  stated('what watches', { id: `watch.${id}`, title, why, fix, ...(applies ? { applies } : {}) }, (judged) =>
    events(judged).map(([what, event]) => told(judged, what, event)),
  );

export const watching: readonly Check[] = [
  watched(
    'memberships',
    'it is told when somebody comes into a group or leaves it, also by the console',
    'A grant that nobody hears of is recorded by the sweeper at best, and one by the console not at all.',
    ({ intent }) => [
      ...['CreateGroupMembership', 'DeleteGroupMembership'].map(
        (name) => [name, call(intent.accessAccount, 'identitystore', name, {})] as const,
      ),
      ...['AddMemberToGroup', 'RemoveMemberFromGroup'].map(
        (name) => [name, call(intent.accessAccount, 'sso-directory', name, {})] as const,
      ),
    ],
  ),
  watched(
    'intake',
    'it is told when somebody writes to the intake',
    'Requests would not be told, stops not be carried out.',
    ({ intent }) => [
      [
        'Object Created',
        {
          'detail-type': 'Object Created',
          source: 'aws.s3',
          account: intent.accessAccount,
          resources: [`arn:aws:s3:::${intent.intakeBucket}`],
          detail: {
            bucket: { name: intent.intakeBucket },
            object: { key: 'requests/x/y.json' },
            reason: 'PutObject',
          },
        },
      ],
    ],
  ),
  watched(
    'emergency',
    'it is told when an emergency begins, in each production account',
    'Tier 0 asks nobody: that everybody is told is all there is.',
    ({ intent }) =>
      intent.production.map(
        ({ account }) => ['AssumeRole', assume(account, `forge/${intent.emergency?.role}`)] as const,
      ),
    ({ emergency }) => emergency !== undefined,
  ),
  watched(
    'attempts',
    'it is told when somebody is refused an emergency',
    'Whoever tries is somebody to talk to.',
    ({ intent }) =>
      intent.production.flatMap(({ account }) => {
        const role = `forge/${intent.emergency?.role ?? intent.offline?.role}`;
        const errorMessage = `User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${account}:role/${role}`;
        return [
          ['refused', assume(account, role, 'AssumeRole', { errorCode: 'AccessDenied' })],
          [
            'refused, without parameters',
            call(account, 'sts', 'AssumeRole', {
              errorCode: 'AccessDenied',
              errorMessage,
              requestParameters: null,
            }),
          ],
          [
            'refused in the access account',
            assume(intent.accessAccount, role, 'AssumeRole', { errorCode: 'AccessDenied' }),
          ],
        ] as const;
      }),
    ({ emergency, offline }) => emergency !== undefined || offline !== undefined,
  ),
  watched(
    'grants',
    'it is told when credentials of a just-in-time permission set are issued',
    'When access is really used would be unknown, and use without a grant unseen.',
    ({ intent }) =>
      intent.grants.map(({ account, permissionSet }) => [
        'AssumeRoleWithSAML',
        assume(
          account,
          `aws-reserved/sso.amazonaws.com/AWSReservedSSO_${permissionSet}_0123456789abcdef`,
          'AssumeRoleWithSAML',
        ),
      ]),
  ),
  watched(
    'offline-role',
    'it is told when two people open tier 3',
    'The day when Identity Center is down is the day to watch.',
    ({ intent }) =>
      intent.production.map(
        ({ account }) => ['AssumeRole', assume(account, `forge/${intent.offline?.role}`)] as const,
      ),
    ({ offline }) => offline !== undefined,
  ),
  watched(
    'offline-user',
    'it is told of any use of tier 3’s user: calls, sign-ins, failed ones',
    'Its key lies in a vault for years.',
    ({ intent }) => {
      const user = intent.offline?.user ?? '';
      const arn = `arn:aws:iam::${intent.accessAccount}:user/forge/${user}`;
      const userIdentity = { type: 'IAMUser', arn, userName: user, accountId: intent.accessAccount };
      const signIn = (kind: string) => ({
        ...call(intent.accessAccount, 'signin', 'ConsoleLogin', { userIdentity }),
        'detail-type': `AWS Console ${kind} via CloudTrail`,
      });
      return [
        ['GetCallerIdentity', call(intent.accessAccount, 'sts', 'GetCallerIdentity', { userIdentity })],
        ['CreateAccessKey', call(intent.accessAccount, 'iam', 'CreateAccessKey', { userIdentity })],
        ['ConsoleLogin', signIn('Sign In')],
        ['ConsoleLogin, in the other spelling', signIn('Signin')],
      ];
    },
    ({ offline }) => offline !== undefined,
  ),
  stated(
    'what watches',
    {
      id: 'watch.source',
      title: 'rules take events of AWS only, not what somebody puts on the bus',
      why: 'Anybody with PutEvents could make up grants and ends.',
      fix: 'source: [{ "prefix": "aws." }] in every pattern.',
    },
    ({ deployment, intent }) =>
      deployment.rules
        .filter(({ name, pattern }) => name.startsWith('forge-breakglass-') && pattern !== undefined)
        .map((rule) => {
          const made = [
            { ...call(rule.account, 'identitystore', 'CreateGroupMembership', {}), source: 'my.events' },
            {
              ...assume(rule.account, `forge/${intent.emergency?.role ?? 'Emergency'}`),
              source: 'my.events',
            },
            {
              ...assume(
                rule.account,
                'aws-reserved/sso.amazonaws.com/AWSReservedSSO_X_1',
                'AssumeRoleWithSAML',
              ),
              source: 'my.events',
            },
          ];
          const taken = made.some((event) => fits({ ...rule, enabled: true, targets: 1 }, event));
          return fact(
            'an event that somebody put',
            `rule ${rule.name} in ${rule.account}`,
            'not taken',
            taken ? 'taken' : 'not taken',
            !taken,
          );
        }),
  ),
];
