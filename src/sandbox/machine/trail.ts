import { createHash } from 'node:crypto';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import type { CallEvent } from '../event-log.ts';

/**
 * An event of the sandbox as CloudTrail would have written it. Undefined for what CloudTrail does not have, or has as data
 * events only. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
function trailEvent(event: CallEvent): JsonObject | undefined {
  const source = sources[event.service];
  if (source === undefined) return undefined;
  return {
    eventVersion: '1.11',
    userIdentity: defined(event.identity ?? { type: 'Unknown', accountId: event.account }),
    eventTime: isoSeconds(event.time),
    eventSource: source,
    eventName: event.name,
    awsRegion: event.region ?? 'us-east-1',
    sourceIPAddress: '127.0.0.1',
    userAgent: event.userAgent ?? '-',
    errorCode: event.errorCode,
    errorMessage: event.errorMessage,
    requestParameters: event.errorCode === 'InvalidClientTokenId' ? null : defined(event.parameters),
    responseElements: event.response === undefined ? null : defined(event.response),
    additionalEventData: event.additional && defined(event.additional),
    requestID: event.eventId,
    eventID: event.eventId,
    readOnly: /^(?:Get|List|Describe|Lookup|Is|Head|AssumeRole)/.test(event.name),
    resources: event.resources,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: event.account,
    eventCategory: 'Management',
  };
}

/**
 * The same for each account that is told: who assumes a role of another account is known whole in their own account, and in the
 * role's only by their account; both events have the same `sharedEventID`. Of what was refused only the caller's account is told.
 */
export function trailEvents(event: CallEvent): readonly JsonObject[] {
  const own = trailEvent(event);
  if (own === undefined) return [];
  const there = event.service === 'sts' ? accountOf(event.parameters.roleArn) : undefined;
  if (there === undefined || there === event.account || event.errorCode !== undefined) return [own];
  const { principalId, accountId } = asJsonObject(own.userIdentity) ?? {};
  const sharedEventID = otherId(event.eventId, 'shared');
  return [
    { ...own, sharedEventID },
    {
      ...own,
      userIdentity: { type: 'AWSAccount', principalId, accountId },
      eventID: otherId(event.eventId, there),
      recipientAccountId: there,
      sharedEventID,
    },
  ];
}

const accountOf = (arn: unknown): string | undefined =>
  typeof arn === 'string' ? /^arn:aws:iam::(\d{12}):/.exec(arn)?.[1] : undefined;

/** A UUID that is the same each time. */
const otherId = (eventId: string, what: string): string =>
  createHash('sha256')
    .update(`${eventId} ${what}`)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

/** What CloudTrail names the services; of others there are no management events. */
const sources: Readonly<Record<string, string>> = {
  sts: 'sts.amazonaws.com',
  rds: 'rds.amazonaws.com',
  ec2: 'ec2.amazonaws.com',
  eks: 'eks.amazonaws.com',
  ssm: 'ssm.amazonaws.com',
  kms: 'kms.amazonaws.com',
  iam: 'iam.amazonaws.com',
  sso: 'sso.amazonaws.com',
  signin: 'signin.amazonaws.com',
  identitystore: 'identitystore.amazonaws.com',
  states: 'states.amazonaws.com',
  cloudtrail: 'cloudtrail.amazonaws.com',
};

/** As JSON has it: what is undefined is not there. */
const defined = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;
