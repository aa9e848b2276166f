import { emergencyUseFromEvent } from '../breakglass/protocol/emergency-use.ts';
import { grantUseFromEvent } from '../breakglass/protocol/grant-use.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import {
  parseEndKey,
  parseEvidenceKey,
  parseKillKey,
  parseRequestKey,
  requestPrefix,
} from '../breakglass/protocol/keys.ts';
import {
  type Membership,
  membershipFromEvent,
  type Removal,
  removalFromEvent,
} from '../breakglass/protocol/membership.ts';
import { offlineUseFromEvent } from '../breakglass/protocol/offline-use.ts';
import { findGrant, findTier } from '../breakglass/protocol/policy.ts';
import { parseRequest, requestBytes } from '../breakglass/protocol/request.ts';
import { askedOftenText, requestText } from '../breakglass/protocol/slack-text.ts';
import { asJsonObject, type JsonObject } from '../lib/json-object.ts';
import { askedInHour, toldAnHour, toldOneByOne } from './asked-often.ts';
import { readChain } from './chain.ts';
import { endedByRemoval } from './ended-by-removal.ts';
import { findClientSession } from './find-client-session.ts';
import { copyPiece } from './keep-evidence.ts';
import { knownName } from './known-name.ts';
import type { Ports } from './ports.ts';
import { recordEnd, recordRemoval } from './record-end.ts';
import { recordUse } from './record-use.ts';
import { sealLate } from './seal-session.ts';
import { stateOf } from './session-state.ts';
import { tellOnce } from './tell.ts';
import { tellOfflineUse } from './tell-offline-use.ts';
import { tellRefusedEmergency, tellRefusedGrant } from './tell-refused.ts';

/**
 * An event of EventBridge: of CloudTrail, or of the intake bucket. Others are passed over, whoever sends them: sources that
 * begin with `aws.` are AWS's own, PutEvents refuses them from anybody else, and who holds a role of an emergency may
 * put events of their own.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
 */
export async function receiveEvent(ports: Ports, input: unknown): Promise<void> {
  const event = asJsonObject(input);
  if (typeof event?.source !== 'string' || !event.source.startsWith('aws.')) return;
  const key = objectKey(event);
  if (key !== undefined) return receiveObject(ports, key);
  const membership = membershipFromEvent(event);
  if (membership !== undefined) return receiveMembership(ports, event, membership);
  const removal = removalFromEvent(event);
  if (removal !== undefined) return receiveRemoval(ports, event, removal);
  const grantUse = grantUseFromEvent(event, ports.policy);
  if (grantUse !== undefined) return recordUse(ports, grantUse);
  const use = emergencyUseFromEvent(event);
  if (use === undefined) {
    const offline = offlineUseFromEvent(event);
    return offline && tellOfflineUse(ports, offline);
  }
  if (use.denied) return tellRefusedEmergency(ports, use);
  await ports.workflow.start(`EV-${use.eventId}`, { trigger: 'event', event });
}

/** The name is what makes the second delivery of an event one execution with the first. */
async function receiveMembership(
  ports: Ports,
  event: JsonObject | undefined,
  membership: Membership,
): Promise<void> {
  const { groupId, userId, made } = membership;
  if (made === undefined || findGrant(ports.policy, groupId) === undefined) return;
  if (made.errorCode === undefined) {
    const name = membership.membershipId ?? `M-${made.eventId}`;
    await ports.workflow.start(name, { trigger: 'event', event });
    return;
  }
  if (/Conflict/.test(made.errorCode)) {
    const membershipId = await ports.people.findMembership(groupId, userId);
    if (membershipId !== undefined)
      await ports.workflow.start(`C-${made.eventId}`, {
        trigger: 'again',
        membership: { membershipId, groupId, userId },
      });
    return;
  }
  await tellRefusedGrant(ports, membership);
}

async function receiveObject(ports: Ports, key: string): Promise<void> {
  const asked = parseRequestKey(key);
  if (asked !== undefined) return announce(ports, key, asked);
  const end = parseEndKey(key);
  if (end !== undefined) return receiveOwnEnd(ports, end);
  const kill = parseKillKey(key);
  if (kill !== undefined) return receiveEnd(ports, kill.id);
  const evidence = parseEvidenceKey(key);
  if (evidence !== undefined) return receiveEvidence(ports, key, evidence.id, evidence.userId);
}

/** Who asks is who could write there; their name is the identity store's, for people read nothing else of it in Slack. */
async function announce(
  ports: Ports,
  key: string,
  place: { readonly userId: string; readonly id: string },
): Promise<void> {
  const stored = await ports.intake.get(key, requestBytes).catch(() => undefined);
  const request = stored && parseRequest(stored.bytes);
  if (request?.ok !== true) return;
  const { id, tier, requester } = request.value;
  if (id !== place.id || requester.userId !== place.userId) return;
  const userName = (await knownName(ports, place.userId)) ?? place.userId;
  const channel = findTier(ports.policy, tier)?.channel;
  if (!toldOneByOne(await ports.intake.list(requestPrefix(place.userId))).has(key)) {
    const hour = askedInHour(stored?.lastModified ?? 0);
    const often = askedOftenText(userName, toldAnHour, (hour + 1) * 3_600_000);
    await tellOnce(ports, { about: `asked-often-${place.userId}-${hour}-${tier}`, channel, text: often });
    return;
  }
  const text = requestText({ ...request.value, requester: { ...requester, userName } });
  await tellOnce(ports, { about: `asked-${id}`, channel, text });
}

/** Somebody was taken out of a group: all that lived on it is over, and what was issued because of it goes too. */
async function receiveRemoval(ports: Ports, event: JsonObject | undefined, removal: Removal): Promise<void> {
  for (const id of await endedByRemoval(ports, removal)) {
    await recordRemoval(ports, id, asJsonObject(event?.detail) ?? event ?? {});
    await ports.workflow.start(`E-${id}`, { trigger: 'end', session: id });
  }
}

/** What the person's forge named so is an emergency that is recorded under another name. Not opened yet: opening it looks. */
async function receiveOwnEnd(
  ports: Ports,
  { id: name, userId }: { readonly id: SessionId; readonly userId: string },
): Promise<void> {
  const id = await findClientSession(ports, name, userId);
  await receiveEnd(ports, id ?? name, userId);
}

/** Ends the session of whoever wrote it, when it is theirs; or any, by whoever may stop it. */
async function receiveEnd(ports: Ports, id: SessionId, writer?: string): Promise<void> {
  const { records } = await recordEnd(ports, id, writer);
  if (records.some(({ kind }) => kind === 'end'))
    await ports.workflow.start(`E-${id}`, { trigger: 'end', session: id });
}

/**
 * What comes while a session goes on is only copied: the seal names it. Evidence that comes after the seal is followed by
 * another one.
 */
async function receiveEvidence(ports: Ports, key: string, name: SessionId, userId: string): Promise<void> {
  const id = await findClientSession(ports, name, userId);
  // Not opened yet: what opens it also seals it, with all evidence that is there by then.
  if (id === undefined) return;
  const session = stateOf(await readChain(ports.archive, id))?.session;
  if (session === undefined) return;
  await copyPiece(ports, session, key);
  // Asked after the copy: a seal that did not see it, and is not seen here, looks once more itself.
  const { records } = await readChain(ports.archive, id);
  const seal = records.findLast(({ kind }) => kind === 'seal');
  if (seal?.kind === 'seal') await sealLate(ports, id, seal.body);
}

/** Key of the object that an S3 event tells of; in these events it is as it is, not percent-encoded. */
function objectKey(event: JsonObject | undefined): string | undefined {
  if (event?.source !== 'aws.s3' || event['detail-type'] !== 'Object Created') return undefined;
  const key = asJsonObject(asJsonObject(event.detail)?.object)?.key;
  return typeof key === 'string' ? key : undefined;
}
