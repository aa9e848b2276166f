import { lapsesAt } from '../breakglass/protocol/deadlines.ts';
import { parseDecision } from '../breakglass/protocol/decision.ts';
import { documentBytes } from '../breakglass/protocol/document.ts';
import type { RequestId } from '../breakglass/protocol/ids.ts';
import { decisionPrefix, endKey, parseRequestKey } from '../breakglass/protocol/keys.ts';
import { findTier } from '../breakglass/protocol/policy.ts';
import { type AccessRequest, parseRequest, requestBytes } from '../breakglass/protocol/request.ts';
import { lapsedText } from '../breakglass/protocol/slack-text.ts';
import { toldOneByOne } from './asked-often.ts';
import { mostKeysOfAll } from './bounded-list.ts';
import { readChain } from './chain.ts';
import type { Ports } from './ports.ts';
import { tellOnce } from './tell.ts';
import { turnOf } from './turn-of.ts';

/** What this instance has seen to be told or to need no telling, and when it looked. */
const seenOf = new WeakMap<Ports['intake'], { at: number; readonly ids: Set<RequestId> }>();

/** All requests of all people are listed: often enough for news that nothing depends on. */
const everyMs = 15 * 60_000;
/** What lapsed longer ago is no news. */
const newsMs = 24 * 3_600_000;

/** So many are read in one run, each of which takes several calls. */
const readAtOnce = 200;

/** Requests that nobody answered: told once, so that whoever asked need not guess, and whoever should have answered knows. */
export async function sweepRequests(ports: Ports): Promise<readonly string[]> {
  const { intake, policy, now } = ports;
  const seen = seenOf.get(intake) ?? { at: Number.NEGATIVE_INFINITY, ids: new Set() };
  seenOf.set(intake, seen);
  if (now() < seen.at + everyMs) return [];
  const listed = await intake.list('requests/', mostKeysOfAll);
  // What was not said when it was asked for is not missed either.
  const announced = toldOneByOne(listed);
  const lapsed = listed.flatMap(({ key, lastModified }) => {
    const place = parseRequestKey(key);
    const since = now() - lapsesAt(lastModified, policy);
    if (place === undefined || since <= 0 || since > newsMs || seen.ids.has(place.id)) return [];
    return announced.has(key) ? [{ key, place }] : [];
  });
  const told: string[] = [];
  for (const { key, place } of turnOf(lapsed, readAtOnce, now())) {
    const request = await unanswered(ports, key, place);
    if (request !== undefined) {
      const channel = findTier(policy, request.tier)?.channel;
      await tellOnce(ports, { about: `lapsed-${place.id}`, channel, text: lapsedText(request) });
      told.push(`lapsed ${place.id}`);
    }
    seen.ids.add(place.id);
  }
  if (lapsed.length > readAtOnce) return told;
  seen.at = now();
  return told;
}

/** Undefined: it is none, or somebody said no to it, or it was taken back, or somebody got in by it. */
async function unanswered(
  { intake, archive }: Ports,
  key: string,
  { userId, id }: { readonly userId: string; readonly id: RequestId },
): Promise<AccessRequest | undefined> {
  const stored = await intake.get(key, requestBytes);
  const parsed = stored && parseRequest(stored.bytes);
  if (parsed?.ok !== true || parsed.value.id !== id) return undefined;
  if ((await intake.get(endKey(userId, id), documentBytes)) !== undefined) return undefined;
  for (const decision of await intake.list(decisionPrefix(parsed.value.tier, id))) {
    const given = await intake.get(decision.key, documentBytes);
    const read = given && parseDecision(given.bytes);
    if (read?.ok === true && read.value.outcome === 'denied') return undefined;
  }
  return (await readChain(archive, id)).records.length > 0 ? undefined : parsed.value;
}
