import { asJsonObject } from '../../lib/json-object.ts';
import { another, one } from '../caller.ts';
import { answered, type Check, type Fact, fact, type Judged, stated } from '../check.ts';
import type { DeployedDocument } from '../deployment.ts';
import { granted } from './cast.ts';
import {
  aws,
  awsTunnel,
  documentsOf,
  endpointTunnel,
  onSession,
  own,
  preferences,
  start,
  tagged,
  withShell,
} from './session-cast.ts';

/** Sessions on instances: what break-glass may start there leaves a transcript. */
const fix = 'Take instance-sessions.json as forge infra export writes them.';

export const sessions: readonly Check[] = [
  answered(
    'sessions',
    'denied',
    {
      id: 'session.unlogged',
      title:
        'no grant starts a session of AWS’s own documents: SSH, a port of an instance, a command that is not kept',
      why: 'AWS keeps no transcript of SSH and ports: nobody would know what was done in production.',
      fix,
    },
    (judged) =>
      granted(judged).flatMap((caller) =>
        [
          'AWS-StartSSHSession',
          'AWS-StartPortForwardingSession',
          'AWS-StartInteractiveCommand',
          'AWS-StartNonInteractiveCommand',
        ].map((name) => start(judged, caller, aws(judged, name))),
      ),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'session.tunnel',
      title: 'who has a shell on instances has no tunnel through them',
      why: 'A tunnel to whatever an instance reaches, its own metadata included, would leave no transcript.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      withShell(judged).flatMap((caller) =>
        [aws(judged, awsTunnel), own(judged, caller.account, endpointTunnel)].map((document) =>
          start(judged, caller, document),
        ),
      ),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'session.other-document',
      title:
        'no grant starts a session by another document: one of the account, or one that another account shares',
      why: 'Whoever can name a document of their own chooses what is kept: nothing.',
      fix,
    },
    (judged) =>
      granted(judged).flatMap((caller) => [
        start(judged, caller, own(judged, caller.account, 'my-shell')),
        start(judged, caller, own(judged, caller.account, preferences)),
        ...['my-shell', preferences, endpointTunnel, ...documentsOf(judged, caller)].map((name) =>
          start(judged, caller, own(judged, '000000000000', name)),
        ),
      ]),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'session.no-document',
      title: 'no grant starts a session without a document',
      why: 'AWS then takes the account’s own, and asks of the instance alone: a way around the documents.',
      fix: 'Keep BoolIfExists ssm:SessionDocumentAccessCheck = true at each StartSession.',
    },
    (judged) =>
      granted(judged).map((caller) =>
        start(judged, caller, undefined, tagged(judged, { 'ssm:SessionDocumentAccessCheck': 'false' })),
      ),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'session.untagged',
      title: 'no grant opens an instance without the tag',
      why: 'Instances that nobody meant to be opened would be.',
      fix: 'Keep StringEquals ssm:resourceTag/… at the StartSession on instances.',
    },
    (judged) =>
      granted(judged).flatMap((caller) =>
        [
          ...documentsOf(judged, caller).map((name) => own(judged, caller.account, name)),
          own(judged, caller.account, endpointTunnel),
        ].map((document) => start(judged, caller, document, { 'ssm:SessionDocumentAccessCheck': 'true' })),
      ),
  ),
  answered(
    'sessions',
    'denied',
    {
      id: 'session.others',
      title: 'no grant ends or takes over somebody else’s session',
      why: 'Whoever resumes another’s session types in their name.',
      fix: 'Keep the condition on aws:ssmmessages:session-id at TerminateSession and ResumeSession.',
    },
    (judged) =>
      granted(judged).flatMap((caller) =>
        ['ssm:TerminateSession', 'ssm:ResumeSession'].map((action) =>
          onSession(judged, caller, action, another.userName),
        ),
      ),
  ),
  answered(
    'sessions',
    'allowed',
    {
      id: 'session.opens',
      title:
        'the scenario of instances opens a tagged one by each of its documents, and ends its own session',
      why: 'Nobody would get in when it matters.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      withShell(judged).flatMap((caller) => [
        ...documentsOf(judged, caller).map((name) =>
          start(judged, caller, own(judged, caller.account, name)),
        ),
        onSession(judged, caller, 'ssm:TerminateSession', one.userName),
      ]),
  ),
  stated(
    'sessions',
    {
      id: 'session.documents',
      title:
        'each document that a grant names is there in its account, and keeps what is shown as it is shown',
      why: 'A document that is missing opens nothing; one without a log group leaves no transcript.',
      fix: 'Take modules/session-manager as forge infra export writes it, in each production account.',
    },
    (judged) => {
      const callers = withShell(judged);
      if (callers.length === 0) {
        return [
          fact(
            'documents',
            'grants',
            'kept',
            'no grant has a shell',
            judged.deployment.assignments.length > 0,
          ),
        ];
      }
      return callers.flatMap((caller) =>
        documentsOf(judged, caller).map((name) => documentFact(judged, caller.account, name)),
      );
    },
  ),
];

function documentFact({ deployment }: Judged, account: string, name: string): Fact {
  const found = deployment.sessionDocuments.find((one) => one.account === account && one.name === name);
  return fact(
    name,
    account,
    'there, and streamed to a log group',
    found === undefined ? 'missing' : found.content === undefined ? undefined : keptText(found),
    found !== undefined && keptText(found) === kept,
  );
}

const kept = 'there, and streamed';

function keptText({ content }: DeployedDocument): string {
  const inputs = asJsonObject(content?.inputs);
  if (content?.sessionType === 'Port') return 'a port, which leaves no transcript';
  const group = inputs?.cloudWatchLogGroupName;
  if (typeof group !== 'string' || group === '') return 'there, and logged nowhere';
  return inputs?.cloudWatchStreamingEnabled === true ? kept : 'there, and logged at the end only';
}
