import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation, JsonService } from '../aws/json-service.ts';
import type { CallEvent } from '../event-log.ts';
import { integerField, pageOf, requirePermission, structures } from '../ssm/fields.ts';
import type { World } from '../world.ts';
import { trailEvents } from './trail.ts';

/**
 * From: CloudTrail API Reference, LookupEvents: management events of the account and region, newest first, by one attribute;
 * two calls a second, then ThrottlingException. AWS is minutes late; the sandbox is not.
 */
const lookupEvents: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const { account } = caller.principal;
  requirePermission(request, 'cloudtrail:LookupEvents', '*');
  throttle(world, `${account} ${region}`);
  const attributes = structures(fields, 'LookupAttributes');
  if (attributes.length > 1)
    throw new AwsFailure('InvalidLookupAttributesException', 400, 'Only one lookup attribute is supported.');
  const [key, value] = [attributes[0]?.AttributeKey, attributes[0]?.AttributeValue];
  const matches = attributes.length === 0 ? () => true : matcher(key, value);
  const from = timeField(fields.StartTime, Number.NEGATIVE_INFINITY);
  const to = timeField(fields.EndTime, Number.POSITIVE_INFINITY);
  if (from > to)
    throw new AwsFailure('InvalidTimeRangeException', 400, 'The start time is after the end time.');
  const size = integerField(fields, 'MaxResults', { min: 1, max: 50, default: 50 });
  const found = world.events
    .all()
    .filter((event) => {
      const at = Math.floor(event.time / 1_000) * 1_000;
      return (event.region ?? 'us-east-1') === region && at >= from && at <= to && matches(event);
    })
    .flatMap((event) => trailEvents(event).map((trail) => ({ event, trail })))
    .filter(({ trail }) => trail.recipientAccountId === account)
    .reverse();
  const listing = `trail:${String(key)}:${String(value)}:${from}:${to}`;
  const { items, next } = pageOf(request, found, listing, size);
  return {
    Events: items.map(({ event, trail }) => ({
      EventId: trail.eventID,
      EventName: event.name,
      EventSource: trail.eventSource,
      EventTime: Math.floor(event.time / 1_000),
      ReadOnly: String(trail.readOnly),
      AccessKeyId: event.accessKeyId,
      Username: userNameOf(event),
      Resources: namesOf(event).map((name) => ({ ResourceName: name })),
      CloudTrailEvent: JSON.stringify(trail),
    })),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

export const cloudTrailService: JsonService = {
  name: 'cloudtrail',
  target: 'CloudTrail_20131101',
  operations: { LookupEvents: lookupEvents },
};

function matcher(key: unknown, value: unknown): (event: CallEvent) => boolean {
  switch (key) {
    case 'EventId':
      return ({ eventId }) => eventId === value;
    case 'EventName':
      return ({ name }) => name === value;
    case 'AccessKeyId':
      return ({ accessKeyId }) => accessKeyId === value;
    case 'Username':
      return (event) => userNameOf(event) === value;
    case 'ResourceName':
      return (event) => namesOf(event).some((name) => name === value);
    default:
      throw new AwsFailure(
        'InvalidLookupAttributesException',
        400,
        `${String(key)} can not be looked up here.`,
      );
  }
}

/** Of a role's session, its name; of a user, theirs. */
const userNameOf = ({ principal }: CallEvent): string | undefined => principal?.split('/').at(-1);

const namesOf = ({ resources, parameters }: CallEvent): readonly string[] => [
  ...(resources ?? []).map(({ ARN }) => ARN),
  ...(typeof parameters.roleArn === 'string' ? [parameters.roleArn] : []),
];

/** Epoch seconds in JSON 1.1. */
function timeField(value: unknown, otherwise: number): number {
  if (value === undefined || value === null) return otherwise;
  if (typeof value !== 'number')
    throw new AwsFailure('SerializationException', 400, 'A time must be a number.');
  return value * 1_000;
}

/** When each account and region last had its two calls; the sandbox's clock, so that who turns it need not wait. */
const recent = new WeakMap<World, Map<string, readonly number[]>>();
const callsASecond = 2;

function throttle(world: World, where: string): void {
  const now = world.now();
  const all = recent.get(world) ?? new Map<string, readonly number[]>();
  recent.set(world, all);
  const lately = (all.get(where) ?? []).filter((at) => at > now - 1_000 && at <= now);
  if (lately.length >= callsASecond) throw new AwsFailure('ThrottlingException', 400, 'Rate exceeded');
  all.set(where, [...lately, now]);
}
