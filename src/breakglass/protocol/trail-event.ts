import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';

/** Who made a call, as AWS wrote it down: the only part of a story that its teller can't choose. */
export interface Principal {
  /** `userIdentity.arn`; empty where AWS names none. */
  readonly arn: string;
  /** 12 digits. */
  readonly account: string | undefined;
  /** Identity Center's id of the person (`onBehalfOf.userId`); undefined for anyone who did not come through it. */
  readonly userId: string | undefined;
  /** Permission set whose role it was. */
  readonly permissionSet: string | undefined;
  /** Role session name: for Identity Center the user name, for others whatever the caller chose. */
  readonly sessionName: string | undefined;
}

/**
 * What all CloudTrail events share.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export interface TrailEvent {
  /** Lower-case UUID. */
  readonly eventId: string;
  /** Of a call from one account into another both are told, each by an event of its own: what those have in common. */
  readonly sharedId: string | undefined;
  /** Epoch milliseconds; AWS writes whole seconds. */
  readonly at: number;
  /** `sts.amazonaws.com` */
  readonly source: string;
  readonly name: string;
  readonly region: string;
  /** Account that the event is of; undefined where it is not said. */
  readonly account: string | undefined;
  readonly by: Principal;
  /** The call was refused or failed: nothing happened. */
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly request: JsonObject;
  readonly response: JsonObject;
}

/**
 * An event as EventBridge wraps it (`{detail-type, detail}`), as a trail's file has it, or as the JSON text in
 * LookupEvents' CloudTrailEvent. Undefined for what is none.
 */
export function readTrailEvent(input: unknown): TrailEvent | undefined {
  const outer = asJsonObject(input);
  const event = asJsonObject(outer?.detail) ?? outer;
  if (event === undefined) return undefined;
  const [eventId, at] = [event.eventID, parseTime(event.eventTime)];
  const [source, name, region] = [event.eventSource, event.eventName, event.awsRegion];
  if (typeof eventId !== 'string' || !uuid.test(eventId) || at === undefined) return undefined;
  if (typeof source !== 'string' || typeof name !== 'string' || typeof region !== 'string') return undefined;
  return {
    eventId,
    sharedId:
      typeof event.sharedEventID === 'string' && uuid.test(event.sharedEventID)
        ? event.sharedEventID
        : undefined,
    at,
    source,
    name,
    region,
    account: textOf(event.recipientAccountId),
    by: readPrincipal(asJsonObject(event.userIdentity) ?? {}),
    // Some events of denied calls carry only the message.
    errorCode: textOf(event.errorCode) ?? (event.errorMessage == null ? undefined : 'Error'),
    errorMessage: textOf(event.errorMessage),
    request: asJsonObject(event.requestParameters) ?? {},
    response: asJsonObject(event.responseElements) ?? {},
  };
}

/** A member by its name in either spelling: services log `groupId`, some SDKs' parameters arrive as `GroupId`. */
export function member(object: JsonObject | undefined, name: string): unknown {
  if (object === undefined) return undefined;
  const other = name.charAt(0).toUpperCase() + name.slice(1);
  if (Object.hasOwn(object, name)) return object[name];
  return Object.hasOwn(object, other) ? object[other] : undefined;
}

export const memberObject = (object: JsonObject | undefined, name: string): JsonObject | undefined =>
  asJsonObject(member(object, name));

export const memberText = (object: JsonObject | undefined, name: string): string | undefined =>
  textOf(member(object, name));

function readPrincipal(identity: JsonObject): Principal {
  const arn = textOf(identity.arn) ?? '';
  const [, account, role, sessionName] =
    /^arn:aws[a-z-]*:sts::(\d{12}):assumed-role\/([^/]+)\/([^/]+)$/.exec(arn) ?? [];
  return {
    arn,
    account: account ?? textOf(identity.accountId),
    userId: textOf(asJsonObject(identity.onBehalfOf)?.userId),
    // Nobody but Identity Center can make roles of these names.
    permissionSet: role === undefined ? undefined : /^AWSReservedSSO_(.{1,32})_[0-9a-f]{16}$/.exec(role)?.[1],
    sessionName,
  };
}

/** ISO 8601 as AWS writes it; undefined for anything else. */
export function parseTime(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value))
    return undefined;
  const at = Date.parse(value);
  return Number.isFinite(at) ? at : undefined;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
