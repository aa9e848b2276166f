import { type EmergencyUse, emergencyUseFromEvent } from '../breakglass/protocol/emergency-use.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import { parseRecordKey } from '../breakglass/protocol/keys.ts';
import { findEmergencyRole } from '../breakglass/protocol/policy.ts';
import { rotationText } from '../breakglass/protocol/slack-text.ts';
import { memberText, readTrailEvent } from '../breakglass/protocol/trail-event.ts';
import { asJsonObject, type JsonObject, parseJsonObject } from '../lib/json-object.ts';
import { readChain } from './chain.ts';
import type { Ports } from './ports.ts';
import { tellOnce } from './tell.ts';

/** Uses whose key is gone, or that need none replaced, as far as this instance has seen, and the reminders that it has told. */
const doneOf = new WeakMap<Ports['archive'], Set<string>>();

const dayMs = 86_400_000;
/** CloudTrail's memory: whether a key was removed before, it can't say. */
const mostDays = 90;
const mostPages = 10;
/** Of one call two events have one time, but for a second. */
const aroundMs = 60_000;

/**
 * Keys that tier 3 was opened with and that are still there: told once a day, from a day after the use on, until CloudTrail has
 * seen the key's removal. Nothing of IAM is asked, so that no handler needs any right there.
 */
export async function sweepRotations(ports: Ports): Promise<readonly string[]> {
  const { archive, policy, now } = ports;
  if (!policy.emergencyRoles.some(({ tier }) => tier === 3)) return [];
  const done = doneOf.get(archive) ?? new Set();
  doneOf.set(archive, done);
  const told: string[] = [];
  for (const { key, lastModified } of await archive.list('sessions/EV-')) {
    const place = parseRecordKey(key);
    if (place?.seq !== 0 || lastModified < now() - mostDays * dayMs || done.has(place.session)) continue;
    const used = await usedKey(ports, place.session);
    if (used === undefined) done.add(place.session);
    else if (await remind(ports, place.session, used, done))
      told.push(`reminded of the key of ${place.session}`);
  }
  return told;
}

interface UsedKey {
  readonly accessKeyId: string;
  /** Of the user. */
  readonly account: string;
  readonly userName: string;
  /** In whose names. */
  readonly people: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly channel: string | undefined;
}

/** Undefined: no use of an IAM user's own key. What was not sanctioned counts, too: the key was out of its vault. */
async function usedKey(ports: Ports, session: SessionId): Promise<UsedKey | undefined> {
  const [first] = (await readChain(ports.archive, session)).records;
  const event = first?.kind === 'open' ? first.body.event : undefined;
  const use = event && emergencyUseFromEvent(event);
  const role = use && findEmergencyRole(ports.policy, use.roleArn);
  if (use === undefined || role?.tier !== 3) return undefined;
  const told = use.by.arn === '' ? await asCallerWasTold(ports, use) : asJsonObject(event);
  const identity = asJsonObject(told?.userIdentity);
  const accessKeyId = identity?.accessKeyId;
  const [, account, userName] =
    /^arn:aws[a-z-]*:iam::(\d{12}):user\/(?:.*\/)?([^/]+)$/.exec(String(identity?.arn)) ?? [];
  if (typeof accessKeyId !== 'string' || account === undefined || userName === undefined) return undefined;
  return {
    accessKeyId,
    account,
    userName,
    people: use.sourceIdentity ?? 'unknown',
    at: use.at,
    channel: role.channel,
  };
}

/** The role's account is told the caller's account and not who it was; the caller's, which is the access account, knows. */
async function asCallerWasTold(
  { policy, trail }: Ports,
  { eventId, roleArn, at }: EmergencyUse,
): Promise<JsonObject | undefined> {
  const from = at - aroundMs;
  const query = {
    account: policy.account,
    by: 'ResourceName',
    value: roleArn,
    from,
    to: at + aroundMs,
  } as const;
  const { events } = await trail.lookup(query);
  return events
    .map(parseJsonObject)
    .find(
      (event) => asJsonObject(event?.userIdentity)?.arn && emergencyUseFromEvent(event)?.eventId === eventId,
    );
}

async function remind(ports: Ports, session: string, used: UsedKey, done: Set<string>): Promise<boolean> {
  const { at, channel } = used;
  const days = Math.floor((ports.now() - at) / dayMs);
  const about = `rotation-${session}-${days}`;
  if (days < 1 || done.has(about)) return false;
  if (await isRemoved(ports, used)) {
    done.add(session);
    return false;
  }
  await tellOnce(ports, { about, channel, text: rotationText(used, ports.now()) });
  done.add(about);
  return true;
}

async function isRemoved(
  { trail, now }: Ports,
  { account, userName, accessKeyId, at }: UsedKey,
): Promise<boolean> {
  let pageToken: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const query = { account, by: 'Username', value: userName, from: at, to: now(), global: true } as const;
    const found = await trail.lookup({ ...query, pageToken });
    const removed = found.events.some((text) => {
      const event = readTrailEvent(parseJsonObject(text));
      return (
        event?.source === 'iam.amazonaws.com' &&
        event.name === 'DeleteAccessKey' &&
        event.errorCode === undefined &&
        memberText(event.request, 'accessKeyId') === accessKeyId
      );
    });
    if (removed) return true;
    pageToken = found.nextToken;
    if (pageToken === undefined) return false;
  }
  return false;
}
