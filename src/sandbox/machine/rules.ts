import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { intakeBucket } from '../break-glass/arns.ts';
import { jitGroups } from '../break-glass/jit-groups.ts';
import type { CallEvent } from '../event-log.ts';
import { trailEvent } from './trail.ts';

/**
 * What EventBridge brings to the recorder: the rules of the access account's bus and, by the bus of each production account,
 * of the emergency roles there. Undefined: no rule fits.
 */
export function eventForRecorder(event: CallEvent): JsonObject | undefined {
  if (event.service === 's3') return objectCreated(event);
  if (!isWatched(event)) return undefined;
  const detail = trailEvent(event);
  return detail && wrapped('AWS API Call via CloudTrail', `aws.${event.service}`, event, detail);
}

/** Roles of the permission sets that just-in-time groups give. */
const justInTimeRole = new RegExp(
  `/AWSReservedSSO_(?:${[...new Set(jitGroups.map(({ permissionSet }) => permissionSet))].join('|')})_`,
);

function isWatched({ service, name, parameters }: CallEvent): boolean {
  if (service === 'identitystore') return /^(?:Create|Delete)GroupMembership$/.test(name);
  if (service !== 'sts' || !name.startsWith('AssumeRole')) return false;
  const role = parameters.roleArn;
  if (typeof role === 'string' && justInTimeRole.test(role)) return true;
  // EventBridge compares in the case that is written; so do its rules. With the permission sets people only ask and approve.
  return typeof role === 'string' && /BreakGlass|Emergency/.test(role) && !role.includes('/AWSReservedSSO_');
}

/** Of the intake alone, and of what was written, not of what was refused. */
function objectCreated(event: CallEvent): JsonObject | undefined {
  const { parameters, errorCode, name } = event;
  if (name !== 'PutObject' || errorCode !== undefined || parameters.bucketName !== intakeBucket)
    return undefined;
  return wrapped('Object Created', 'aws.s3', event, {
    version: '0',
    bucket: { name: intakeBucket },
    object: {
      key: parameters.key,
      size: asJsonObject(event.additional)?.bytesTransferredIn,
      etag: asJsonObject(event.additional)?.etag,
      'version-id': asJsonObject(event.response)?.['x-amz-version-id'],
    },
    'request-id': event.eventId,
    requester: event.account,
    reason: 'PutObject',
  });
}

/** Somebody asked for access. */
export const isRequest = ({ service, name, errorCode, parameters }: CallEvent): boolean =>
  service === 's3' &&
  name === 'PutObject' &&
  errorCode === undefined &&
  parameters.bucketName === intakeBucket &&
  String(parameters.key).startsWith('requests/');

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function wrapped(detailType: string, source: string, event: CallEvent, detail: JsonObject): JsonObject {
  return {
    version: '0',
    id: event.eventId,
    'detail-type': detailType,
    source,
    account: event.account,
    time: new Date(event.time).toISOString(),
    region: event.region ?? 'us-east-1',
    resources: [],
    detail,
  };
}
