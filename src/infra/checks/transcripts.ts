import { asJsonObject } from '../../lib/json-object.ts';
import type { Question } from '../ask.ts';
import type { Caller } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import { act, everyday, granted, isAdministrator } from './cast.ts';

/** What sessions on instances leave behind, and ways onto an instance that leave nothing: Session Manager is not the only one. */
const preferences = 'SSM-SessionManagerRunShell';
/** Documents are found by name in whatever region a session is started: one more of that name is as good as a changed one. */
const elsewhere = (region: string) => (region === 'eu-north-1' ? 'us-east-1' : 'eu-north-1');

const documentsIn = ({ deployment }: Judged, account: string) =>
  deployment.sessionDocuments.filter((document) => document.account === account);

/** Log groups that the account's documents write to, and the module's own. */
function groupsIn(judged: Judged, account: string): readonly string[] {
  const named = documentsIn(judged, account).map(
    ({ content }) => asJsonObject(content?.inputs)?.cloudWatchLogGroupName,
  );
  const groups = named.filter((name): name is string => typeof name === 'string' && name !== '');
  return [...new Set(['/forge/session-manager', ...groups])];
}

const log = ({ intent: { region } }: Judged, account: string, group: string, stream = '') =>
  `arn:aws:logs:${region}:${account}:log-group:${group}${stream === '' ? '' : `:log-stream:${stream}`}`;

function changing(judged: Judged, caller: Caller): readonly Question[] {
  const { region } = judged.intent;
  const { account } = caller;
  const document = (name: string, where = region) => `arn:aws:ssm:${where}:${account}:document/${name}`;
  const names = new Set([preferences, ...documentsIn(judged, account).map(({ name }) => name)]);
  return [
    ...[...names].flatMap((name) => [
      ...['ssm:UpdateDocument', 'ssm:UpdateDocumentDefaultVersion', 'ssm:DeleteDocument'].map((action) =>
        act(caller, action, document(name)),
      ),
      act(caller, 'ssm:CreateDocument', document(name, elsewhere(region))),
    ]),
    ...groupsIn(judged, account).flatMap((group) => [
      act(caller, 'logs:DeleteLogGroup', log(judged, account, group)),
      act(caller, 'logs:PutRetentionPolicy', log(judged, account, group)),
      act(caller, 'logs:DeleteLogStream', log(judged, account, group, 'session')),
      act(caller, 'logs:PutLogEvents', log(judged, account, group, 'session')),
    ]),
  ];
}

function reading(judged: Judged, caller: Caller): readonly Question[] {
  return groupsIn(judged, caller.account).flatMap((group) => [
    act(caller, 'logs:GetLogEvents', log(judged, caller.account, group, 'session')),
    ...['logs:FilterLogEvents', 'logs:StartQuery', 'logs:StartLiveTail'].map((action) =>
      act(caller, action, log(judged, caller.account, group)),
    ),
  ]);
}

function goingAround({ intent: { region } }: Judged, caller: Caller): readonly Question[] {
  const { account } = caller;
  const instance = `arn:aws:ec2:${region}:${account}:instance/i-0123456789abcdef0`;
  return [
    act(caller, 'ssm:SendCommand', instance, `arn:aws:ssm:${region}::document/AWS-RunShellScript`),
    act(
      caller,
      'ssm:StartAutomationExecution',
      `arn:aws:ssm:${region}::automation-definition/AWS-RunShellScript`,
    ),
    act(caller, 'ssm:CreateAssociation', instance, `arn:aws:ssm:${region}::document/AWS-RunShellScript`),
    act(caller, 'ec2-instance-connect:SendSSHPublicKey', instance),
    act(caller, 'ec2-instance-connect:SendSerialConsoleSSHPublicKey', instance),
    act(caller, 'ec2:ModifyInstanceAttribute', instance),
    act(caller, 'ec2:CreateTags', instance),
    act(
      caller,
      'ssm:AddTagsToResource',
      `arn:aws:ssm:${region}:${account}:managed-instance/mi-0123456789abcdef0`,
    ),
    act(caller, 'ecs:ExecuteCommand', `arn:aws:ecs:${region}:${account}:task/any/0123456789abcdef`),
  ];
}

const inProduction = (judged: Judged): readonly Caller[] =>
  judged.intent.production.flatMap(({ account }) => everyday(judged, account));

const withLess = (judged: Judged): readonly Caller[] => [
  ...inProduction(judged).filter((caller) => !isAdministrator(caller)),
  ...granted(judged),
];

export const transcripts: readonly Check[] = [
  answered(
    'sessions',
    'denied',
    {
      id: 'transcript.kept',
      title:
        'no grant and nobody of everyday life in production changes the documents, makes them anew, or takes transcripts away',
      why: 'Whoever can change a document, or make one of its name in another region, can take its log out.',
      fix: 'Take administrator-guard.json as forge infra export writes it, and leave the log group below /forge/.',
    },
    (judged) => [...inProduction(judged), ...granted(judged)].flatMap((caller) => changing(judged, caller)),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'transcript.read',
      title: 'transcripts are read by administrators: by no grant, and by nobody who only looks',
      why: 'A transcript has what was shown on an instance, files and secrets included: the right to look would be that to all of it.',
      fix: 'Take look.json as forge infra export writes it: NotTranscripts.',
    },
    (judged) => withLess(judged).flatMap((caller) => reading(judged, caller)),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'transcript.around',
      title:
        'no grant, and nobody of everyday life but administrators, runs something on an instance of production in another way, or gives one the tag',
      why: 'Run Command and SSH keys leave no transcript; and whoever gives tags opens what nobody meant to be opened.',
      fix: 'Take the action out of the permission set: sessions on tagged instances are the way.',
    },
    (judged) => withLess(judged).flatMap((caller) => goingAround(judged, caller)),
  ),
];
