import type { StoredObject } from '../breakglass/protocol/document.ts';
import { limitOf } from '../breakglass/protocol/document-limit.ts';
import type { RequestId } from '../breakglass/protocol/ids.ts';
import type { Papers } from '../breakglass/protocol/judge.ts';
import { decisionPrefix, parseRequestKey, requestPrefix } from '../breakglass/protocol/keys.ts';
import { parseRequest } from '../breakglass/protocol/request.ts';
import type { Intake, Listed } from './ports.ts';

/**
 * Requests and sessions older than this are over, whatever became of them: a request lives for at most a week, a session
 * for half a day, credentials for as long again.
 */
export const recentDays = 14;

/**
 * Of one person's requests so many, the newest: whoever writes thousands must not make the handlers that end their access
 * read for so long that they never do. Who is past that is let in by nothing, and shares no membership.
 */
const mostRequests = 200;

/** The id of a request tells when it was made; one that is so far from when the bucket got it is made up. */
const idToleranceMs = 86_400_000;

/** A request of a person with what was decided on it, before it is known whether it is spent. */
export interface Candidate extends Omit<Papers, 'spent'> {
  readonly id: RequestId;
  readonly request: StoredObject;
}

/** The requests of a person within the last days, with all decisions on each. */
export async function listCandidates(
  intake: Intake,
  userId: string,
  now: number,
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = [];
  for (const listed of await listRecent(intake, userId, now)) {
    const request = await readDocument(intake, listed);
    if (request === undefined) continue;
    const parsed = parseRequest(request.bytes);
    const decisions = parsed.ok
      ? await readAll(intake, await intake.list(decisionPrefix(parsed.value.tier, listed.id)))
      : [];
    candidates.push({ id: listed.id, request, decisions });
  }
  return candidates;
}

/** Ids of a person's requests within the last days, the newest first. */
export async function listRecent(
  intake: Intake,
  userId: string,
  now: number,
): Promise<readonly (Listed & { readonly id: RequestId })[]> {
  const oldest = now - recentDays * 86_400_000;
  const recent = (await intake.list(requestPrefix(userId))).flatMap((listed) => {
    const place = parseRequestKey(listed.key);
    if (place === undefined || place.userId !== userId || listed.lastModified < oldest) return [];
    if (Math.abs(requestTime(place.id) - listed.lastModified) > idToleranceMs) return [];
    return [{ ...listed, id: place.id }];
  });
  return recent.sort((a, b) => b.lastModified - a.lastModified).slice(0, mostRequests);
}

/** When a request's id says that it was made, epoch milliseconds: the first ten characters of its ULID. */
export function requestTime(id: RequestId): number {
  let time = 0;
  for (const digit of id.slice(3, 13)) time = time * 32 + alphabet.indexOf(digit);
  return time;
}

/** The least id of a request that was made at `time` or later: ids sort by time. */
export function firstIdAt(time: number): string {
  let text = '';
  let rest = Math.max(0, Math.floor(time));
  for (let digit = 0; digit < 10; digit++) {
    text = `${alphabet[rest % 32]}${text}`;
    rest = Math.floor(rest / 32);
  }
  return `BG-${text}`;
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

async function readAll(intake: Intake, listed: readonly Listed[]): Promise<readonly StoredObject[]> {
  const objects = await Promise.all(listed.map((entry) => readDocument(intake, entry)));
  return objects.filter((object) => object !== undefined);
}

/** A document that is longer than any is read as what it is: not one that is accepted. */
async function readDocument(
  intake: Intake,
  { key, size, lastModified }: Listed,
): Promise<StoredObject | undefined> {
  const limit = limitOf(key);
  if (size <= limit) return intake.get(key, limit);
  return { key, lastModified, bytes: new TextEncoder().encode(`${size} bytes, which is too long`) };
}
