import { getObject, listObjects, putOnce } from '../aws/s3.ts';
import { ForgeError } from '../errors.ts';
import type { AccessCaller } from './access-account.ts';
import type { StoredObject } from './protocol/document.ts';
import { limitOf } from './protocol/document-limit.ts';
import type { RequestId, SessionId } from './protocol/ids.ts';
import { decisionPrefix, endKey, killPrefix, parseKillKey, parseRequestKey } from './protocol/keys.ts';
import { type Kill, parseKill } from './protocol/kill.ts';

/** A request as the listing has it. */
export interface ListedRequest {
  readonly key: string;
  readonly userId: string;
  readonly id: RequestId;
  /** Epoch milliseconds, the bucket's clock. */
  readonly lastModified: number;
}

/**
 * Writes a document once. 'there': exactly these bytes are there already, by an answer that was lost, or by the same
 * command on another machine. Throws ALREADY_WRITTEN where something else is.
 */
export async function writeDocument(
  caller: AccessCaller,
  key: string,
  bytes: Uint8Array,
): Promise<'written' | 'there'> {
  const { aws, region, keys, bucket } = caller;
  if (await putOnce(aws, region, keys, { bucket, key, bytes })) return 'written';
  const found = await readDocument(caller, key);
  if (found !== undefined && Buffer.from(bytes).equals(found.bytes)) return 'there';
  throw new ForgeError('failed', `Something else is at ${key} already.`, { code: 'ALREADY_WRITTEN' });
}

/** Undefined: there is none; of a key that was listed, or found to be taken. */
export function readDocument(caller: AccessCaller, key: string): Promise<StoredObject | undefined> {
  const { aws, region, keys, bucket } = caller;
  return getObject(aws, region, keys, { bucket, key, limit: limitOf(key) });
}

/** All that there are, the newest first. Names that are none of a request are passed by. */
export const listRequests = (caller: AccessCaller): Promise<readonly ListedRequest[]> =>
  requestsUnder(caller, 'requests/');

/** Those of one person. */
export const listOwnRequests = (caller: AccessCaller, userId: string): Promise<readonly ListedRequest[]> =>
  requestsUnder(caller, `requests/${userId}/`);

async function requestsUnder(caller: AccessCaller, prefix: string): Promise<readonly ListedRequest[]> {
  const found: ListedRequest[] = [];
  for await (const { key, lastModified } of listed(caller, prefix)) {
    const place = parseRequestKey(key);
    if (place !== undefined) found.push({ key, ...place, lastModified });
  }
  return found.sort((a, b) => b.id.localeCompare(a.id));
}

/** What approvers said of a request. */
export async function readDecisions(
  caller: AccessCaller,
  tier: number,
  id: RequestId,
): Promise<readonly StoredObject[]> {
  const keys: string[] = [];
  for await (const { key } of listed(caller, decisionPrefix(tier, id))) keys.push(key);
  const found = await Promise.all(keys.map((key) => readDocument(caller, key)));
  return found.filter((object) => object !== undefined);
}

/** Whether its person has ended it. */
export async function isEnded(caller: AccessCaller, userId: string, id: SessionId): Promise<boolean> {
  return (await findObject(caller, endKey(userId, id))) !== undefined;
}

/** Who stopped it, if somebody did; what can't be read, or names another than its place does, is none. */
export async function findKill(caller: AccessCaller, id: SessionId): Promise<Kill | undefined> {
  for await (const { key } of listed(caller, killPrefix(id))) {
    const place = parseKillKey(key);
    const stored = place && (await readDocument(caller, key));
    const kill = stored && parseKill(stored.bytes);
    if (kill?.ok === true && kill.value.sessionId === id && kill.value.by.userId === place?.killerId)
      return kill.value;
  }
  return undefined;
}

/**
 * Of one key, by listing: whoever may list only under prefixes is told "denied", not "missing", when asking for an
 * object that is not there. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function findObject(
  caller: AccessCaller,
  key: string,
): Promise<{ readonly lastModified: number } | undefined> {
  for await (const found of listed(caller, key)) if (found.key === key) return found;
  return undefined;
}

async function* listed(caller: AccessCaller, prefix: string) {
  const { aws, region, keys, bucket } = caller;
  for await (const page of listObjects(aws, region, keys, { bucket, prefix })) yield* page;
}
