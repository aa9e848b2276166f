import { isoSeconds } from '../../lib/iso-seconds.ts';
import type { JsonObject } from '../../lib/json-object.ts';
import type { CallEvent } from '../event-log.ts';

/**
 * An event of the sandbox as CloudTrail would have written it. Undefined for what CloudTrail does not have, or has as data
 * events only. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function trailEvent(event: CallEvent): JsonObject | undefined {
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
