import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { isIdentityStoreId } from './ids.ts';
import {
  member,
  memberObject,
  memberText,
  type Principal,
  parseTime,
  readTrailEvent,
} from './trail-event.ts';

/** Somebody assumed, or tried to assume, an emergency role. */
export interface EmergencyUse {
  /** The same, whichever account's event told of it: where two do, what they share. */
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly roleArn: string;
  readonly by: Principal;
  readonly region: string;
  /** Undefined when it was denied. Names the session in CloudTrail; not secret. */
  readonly accessKeyId: string | undefined;
  /** What the trust policy compares with the person's own id. */
  readonly sourceIdentity: string | undefined;
  /** Session tags; of a tag given twice the last. */
  readonly tags: ReadonlyMap<string, string>;
  /** Epoch milliseconds: when the credentials end. When it was denied: `at`. */
  readonly expiresAt: number;
  /** AWS refused; an attempt is worth an alert, but opened nothing. */
  readonly denied: boolean;
}

/**
 * The use of an emergency role that a CloudTrail event is about; undefined for every other event. Role names are
 * matched in any case: EventBridge patterns are case-sensitive, attackers are not.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
 */
export function emergencyUseFromEvent(input: unknown): EmergencyUse | undefined {
  const event = readTrailEvent(input);
  if (event === undefined || event.source !== 'sts.amazonaws.com') return undefined;
  if (!/^AssumeRole(?:With\w+)?$/.test(event.name)) return undefined;
  const roleArn = memberText(event.request, 'roleArn') ?? refusedRole(event.errorMessage);
  if (roleArn === undefined || !/^arn:aws[a-z-]*:iam::\d{12}:role\//.test(roleArn)) return undefined;
  if (!isEmergencyRole(roleArn.slice(roleArn.lastIndexOf('/') + 1))) return undefined;
  const credentials = memberObject(event.response, 'credentials');
  const accessKeyId = memberText(credentials, 'accessKeyId');
  const denied = event.errorCode !== undefined;
  return {
    eventId: event.sharedId ?? event.eventId,
    at: event.at,
    roleArn,
    by: event.by,
    region: event.region,
    accessKeyId: denied ? undefined : accessKeyId,
    sourceIdentity: memberText(event.request, 'sourceIdentity'),
    tags: readTags(member(event.request, 'tags')),
    expiresAt: denied ? event.at : readEnd(credentials, event.request, event.at),
    denied,
  };
}

/** An event of what was refused can be without its parameters; the message says what it was about. */
const refusedRole = (message: string | undefined): string | undefined =>
  /on resource: (arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576})(?:$|[\s"])/.exec(message ?? '')?.[1];

/** People ask and approve with permission sets that are called break-glass, too: those open nothing. */
const isEmergencyRole = (name: string): boolean =>
  /emergency/i.test(name) || (/break-?glass/i.test(name) && !/^AWSReservedSSO_/.test(name));

/** The person's id: what the trust policy made them say, when it is one. */
export const personOf = (use: EmergencyUse): string | undefined =>
  use.sourceIdentity !== undefined && isIdentityStoreId(use.sourceIdentity)
    ? use.sourceIdentity
    : use.by.userId;

/** The later of what was asked for and what was answered: nothing ends before its end. */
function readEnd(credentials: JsonObject | undefined, request: JsonObject, at: number): number {
  const asked = member(request, 'durationSeconds');
  const seconds = typeof asked === 'number' && asked >= 900 && asked <= 43_200 ? asked : 3_600;
  const answered = parseExpiration(member(credentials, 'expiration')) ?? 0;
  return Math.max(at + seconds * 1_000, Math.min(answered, at + 43_200_000));
}

/**
 * CloudTrail writes the end as its Java does: `Nov 20, 2026, 1:00:00 PM`, older ones without the second comma, newer
 * ones with a narrow no-break space; always UTC. Some records have ISO 8601.
 */
export function parseExpiration(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const [, monthName = '', day, year, hour, minute, second, half] =
    /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d)[ \u00a0\u202f]([AP]M)$/.exec(value) ?? [];
  if (half === undefined) return parseTime(value);
  const month = months.indexOf(monthName);
  if (month < 0) return undefined;
  const hours = (Number(hour) % 12) + (half === 'PM' ? 12 : 0);
  return Date.UTC(Number(year), month, Number(day), hours, Number(minute), Number(second));
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function readTags(value: unknown): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const item of Array.isArray(value) ? value : []) {
    const tag = asJsonObject(item);
    const [key, text] = [memberText(tag, 'key'), memberText(tag, 'value')];
    if (key !== undefined && text !== undefined) tags.set(key, text);
  }
  return tags;
}
