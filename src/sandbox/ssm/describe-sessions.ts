import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation } from '../aws/json-service.ts';
import { instanceArn } from '../organisation.ts';
import {
  integerField,
  invalid,
  ownInstances,
  pageOf,
  requiredText,
  requirePermission,
  structures,
  textField,
} from './fields.ts';
import type { Session } from './session.ts';

/** From: Systems Manager API Reference, DescribeSessions. Newest first. */
export const describeSessions: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const { account } = caller.principal;
  requirePermission(request, 'ssm:DescribeSessions', `arn:aws:ssm:${region}:${account}:*`);
  const state = textField(fields, 'State');
  if (state !== 'Active' && state !== 'History') {
    throw invalid(
      `Value '${state ?? 'null'}' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [Active, History]`,
    );
  }
  const filters = structures(fields, 'Filters').map((entry) => ({
    key: textField(entry, 'key') ?? '',
    value: textField(entry, 'value') ?? '',
  }));
  const size = integerField(fields, 'MaxResults', { min: 1, max: 200, default: 200 });
  const found = [...world.ssm.sessions.values()].filter(
    (session) =>
      session.instance.account === account &&
      session.instance.region === region &&
      (session.endedAt === undefined) === (state === 'Active') &&
      filters.every((filter) => fits(session, filter)),
  );
  const { items, next } = pageOf(request, found.reverse(), `sessions:${state}`, size);
  return { Sessions: items.map(describe), ...(next === undefined ? {} : { NextToken: next }) };
};

function fits(session: Session, { key, value }: { readonly key: string; readonly value: string }): boolean {
  switch (key) {
    case 'InvokedAfter':
      return session.startedAt > Date.parse(value);
    case 'InvokedBefore':
      return session.startedAt < Date.parse(value);
    case 'Target':
      return session.instance.id === value;
    case 'Owner':
      return session.owner === value;
    case 'Status':
      return statusOf(session) === value;
    case 'SessionId':
      return session.id === value;
    case 'AccessType':
      return value === 'Standard';
    default:
      throw new AwsFailure('InvalidFilterKey', 400, `The specified key '${key}' is not valid.`);
  }
}

function describe(session: Session): object {
  const { preferences } = session;
  return {
    SessionId: session.id,
    Target: session.instance.id,
    Status: statusOf(session),
    StartDate: session.startedAt / 1000,
    ...(session.endedAt === undefined ? {} : { EndDate: session.endedAt / 1000 }),
    DocumentName: session.document,
    Owner: session.owner,
    Details: '',
    OutputUrl: { S3OutputUrl: '', CloudWatchOutputUrl: '' },
    ...(session.reason === undefined ? {} : { Reason: session.reason }),
    ...(preferences.maxMinutes === undefined ? {} : { MaxSessionDuration: String(preferences.maxMinutes) }),
    AccessType: 'Standard',
  };
}

function statusOf(session: Session): 'Connected' | 'Terminated' {
  return session.endedAt === undefined ? 'Connected' : 'Terminated';
}

/** From: Systems Manager API Reference, GetConnectionStatus. */
export const getConnectionStatus: JsonOperation = (request) => {
  const { fields, caller, region } = request;
  const target = requiredText(fields, 'Target', 400);
  request.note({ target });
  requirePermission(
    request,
    'ssm:GetConnectionStatus',
    instanceArn({ id: target, account: caller.principal.account, region }),
  );
  const instance = ownInstances(request).find((entry) => entry.id === target);
  return { Target: target, Status: instance?.online ? 'connected' : 'notconnected' };
};
