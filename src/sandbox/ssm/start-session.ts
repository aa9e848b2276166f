import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation, JsonRequest } from '../aws/json-service.ts';
import { type Instance, instanceArn } from '../organisation.ts';
import {
  checkLength,
  ownInstances,
  parametersField,
  requiredText,
  requirePermission,
  tagContext,
  textField,
} from './fields.ts';
import { ownDocuments } from './own-documents.ts';
import type { Session } from './session.ts';
import { defaultDocument, documentArn, planSession } from './session-documents.ts';

export const startSession: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const target = requiredText(fields, 'Target', 400);
  const document = textField(fields, 'DocumentName') ?? defaultDocument;
  const reason = textField(fields, 'Reason');
  checkLength('Reason', reason, 1, 256);
  request.note({ target, documentName: document, reason });
  const instance = ownInstances(request).find((entry) => entry.id === target);
  allow(request, target, instance, document);
  const own = ownDocuments(caller.principal.account, request.region);
  const plan = planSession(document, parametersField(fields, 'Parameters'), own);
  if (instance === undefined || !instance.online) {
    throw new AwsFailure('TargetNotConnected', 400, `${target} is not connected.`);
  }
  const session = world.ssm.start(caller, { instance, document, plan, reason });
  request.note({ target, documentName: document, reason, sessionId: session.id, region });
  return opening(request, session);
};

/** Both the instance and the document, as with ssm:SessionDocumentAccessCheck: the stricter of AWS's two ways. */
function allow(request: JsonRequest, target: string, instance: Instance | undefined, document: string): void {
  const { caller, region } = request;
  const { account } = caller.principal;
  const checked = { 'ssm:SessionDocumentAccessCheck': 'true' };
  requirePermission(request, 'ssm:StartSession', instanceArn({ id: target, account, region }), {
    ...checked,
    ...(instance === undefined ? {} : tagContext(instance)),
  });
  requirePermission(request, 'ssm:StartSession', documentArn(document, account, region), checked);
}

export const resumeSession: JsonOperation = (request) => {
  const session = findSession(request, 'ssm:ResumeSession');
  // Resuming counts as use.
  session.usedAt = request.world.now();
  return opening(request, session);
};

export const terminateSession: JsonOperation = (request) => {
  const session = findSession(request, 'ssm:TerminateSession');
  request.world.ssm.terminate(session, '');
  return { SessionId: session.id };
};

function findSession(request: JsonRequest, action: string): Session {
  const { world, fields, caller, region } = request;
  const { account } = caller.principal;
  const id = requiredText(fields, 'SessionId', 96);
  request.note({ sessionId: id });
  const session = world.ssm.sessions.get(id);
  const own = session?.instance.account === account && session.instance.region === region;
  const arn = `arn:aws:ssm:${region}:${account}:session/${id}`;
  requirePermission(
    request,
    action,
    arn,
    own
      ? {
          'ssm:resourceTag/aws:ssmmessages:session-id': session.ownerId,
          'ssm:resourceTag/aws:ssmmessages:target-id': session.instance.id,
          'aws:ResourceTag/aws:ssmmessages:session-id': session.ownerId,
          'aws:ResourceTag/aws:ssmmessages:target-id': session.instance.id,
        }
      : {},
  );
  if (session === undefined || !own) throw gone(id);
  if (session.endedAt !== undefined && action === 'ssm:ResumeSession') throw gone(id);
  return session;
}

function gone(id: string): AwsFailure {
  return new AwsFailure('DoesNotExistException', 400, `Session ${id} does not exist.`);
}

function opening({ world, baseUrl }: JsonRequest, session: Session): object {
  const url = `${baseUrl.replace(/^http/, 'ws')}/v1/data-channel/${session.id}?role=publish_subscribe`;
  return { SessionId: session.id, StreamUrl: url, TokenValue: world.ssm.issueToken(session) };
}
