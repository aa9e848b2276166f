import { isIdentityStoreId, isRequestId, isSessionId, type RequestId, type SessionId } from './ids.ts';

/**
 * Where things are. The intake bucket (people write; IAM binds `<user id>` to the writer):
 *
 *     requests/<user id>/<request id>.json
 *     decisions/tier<N>/<request id>/<approver's user id>.json
 *     ends/<user id>/<session id>.json
 *     runs/<user id>/<request id>.json
 *     kills/<session id>/<killer's user id>.json
 *     evidence/<user id>/<session id>/<number, 6 digits>.jsonl
 *
 * The archive (the recorder writes; Object Lock):
 *
 *     sessions/<session id>/<number, 6 digits>.json
 *     sessions/<session id>/files/<name>
 *     ledger/<thousands, 5 digits>/<number, 8 digits>.json
 *
 * A key is read with these functions or not at all: one that they did not write is undefined.
 */
export const requestKey = (userId: string, id: RequestId): string =>
  written(`requests/${userId}/${id}.json`, parseRequestKey);

export const requestPrefix = (userId: string): string => `requests/${userId}/`;

export const decisionKey = (tier: number, id: RequestId, approverId: string): string =>
  written(`decisions/tier${tier}/${id}/${approverId}.json`, parseDecisionKey);

export const decisionPrefix = (tier: number, id: RequestId): string => `decisions/tier${tier}/${id}/`;

export const endKey = (userId: string, id: SessionId): string =>
  written(`ends/${userId}/${id}.json`, parseEndKey);

export const runKey = (userId: string, id: RequestId): string =>
  written(`runs/${userId}/${id}.json`, parseRunKey);

export const killKey = (id: SessionId, killerId: string): string =>
  written(`kills/${id}/${killerId}.json`, parseKillKey);

export const killPrefix = (id: SessionId): string => `kills/${id}/`;

export const evidenceKey = (userId: string, id: SessionId, number: number): string =>
  written(`evidence/${userId}/${id}/${digits(number, 6)}.jsonl`, parseEvidenceKey);

export const evidencePrefix = (userId: string, id: SessionId): string => `evidence/${userId}/${id}/`;

export const recordKey = (session: SessionId, seq: number): string =>
  written(`sessions/${session}/${digits(seq, 6)}.json`, parseRecordKey);

export const sessionPrefix = (session: SessionId): string => `sessions/${session}/`;

/** A file that was exported or copied for a session: a transcript, CloudTrail events, evidence. */
export const fileKey = (session: SessionId, name: string): string =>
  written(`sessions/${session}/files/${name}`, parseFileKey);

/**
 * The number alone decides the key, so that `If-None-Match: *` lets one writer have it: with a date in the key two
 * writers at midnight would fork the chain. Thousands keep listing for the newest short.
 */
export const ledgerKey = (seq: number): string =>
  written(`ledger/${digits(Math.floor(seq / 1_000), 5)}/${digits(seq, 8)}.json`, parseLedgerKey);

/**
 * Name of the file that a piece of evidence is copied to. `userId`: of whoever delivered it, where the session knows no id but
 * names, which two people can share.
 */
export const evidenceFile = (number: number, userId?: string): string =>
  `client-${userId === undefined ? '' : `${userId}-`}${digits(number, 6)}.jsonl`;

export function isEvidenceFile(key: string): boolean {
  const [name, userId] = /^client-(?:(.+)-)?\d{6}\.jsonl$/.exec(parseFileKey(key)?.name ?? '') ?? [];
  return name !== undefined && (userId === undefined || isIdentityStoreId(userId));
}

export function parseRequestKey(
  key: string,
): { readonly userId: string; readonly id: RequestId } | undefined {
  const [, userId = '', id = ''] = /^requests\/([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
  return isIdentityStoreId(userId) && isRequestId(id) ? { userId, id } : undefined;
}

export function parseDecisionKey(
  key: string,
): { readonly tier: number; readonly id: RequestId; readonly approverId: string } | undefined {
  const [, tier = '', id = '', approverId = ''] =
    /^decisions\/tier(\d)\/([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
  return isRequestId(id) && isIdentityStoreId(approverId)
    ? { tier: Number(tier), id, approverId }
    : undefined;
}

export function parseEndKey(key: string): { readonly userId: string; readonly id: SessionId } | undefined {
  const [, userId = '', id = ''] = /^ends\/([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
  return isIdentityStoreId(userId) && isSessionId(id) ? { userId, id } : undefined;
}

export function parseRunKey(key: string): { readonly userId: string; readonly id: RequestId } | undefined {
  const [, userId = '', id = ''] = /^runs\/([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
  return isIdentityStoreId(userId) && isRequestId(id) ? { userId, id } : undefined;
}

export function parseKillKey(key: string): { readonly id: SessionId; readonly killerId: string } | undefined {
  const [, id = '', killerId = ''] = /^kills\/([^/]+)\/([^/]+)\.json$/.exec(key) ?? [];
  return isSessionId(id) && isIdentityStoreId(killerId) ? { id, killerId } : undefined;
}

export function parseEvidenceKey(
  key: string,
): { readonly userId: string; readonly id: SessionId; readonly number: number } | undefined {
  const [, userId = '', id = '', number = ''] =
    /^evidence\/([^/]+)\/([^/]+)\/(\d{6})\.jsonl$/.exec(key) ?? [];
  return isIdentityStoreId(userId) && isSessionId(id) ? { userId, id, number: Number(number) } : undefined;
}

export function parseRecordKey(
  key: string,
): { readonly session: SessionId; readonly seq: number } | undefined {
  const [, session = '', seq = ''] = /^sessions\/([^/]+)\/(\d{6})\.json$/.exec(key) ?? [];
  return isSessionId(session) ? { session, seq: Number(seq) } : undefined;
}

export function parseFileKey(
  key: string,
): { readonly session: SessionId; readonly name: string } | undefined {
  const [, session = '', name = ''] =
    /^sessions\/([^/]+)\/files\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})$/.exec(key) ?? [];
  return isSessionId(session) ? { session, name } : undefined;
}

export function parseLedgerKey(key: string): { readonly seq: number } | undefined {
  const [, thousands = '', seq = ''] = /^ledger\/(\d{5})\/(\d{8})\.json$/.exec(key) ?? [];
  return thousands !== '' && Number(thousands) === Math.floor(Number(seq) / 1_000)
    ? { seq: Number(seq) }
    : undefined;
}

const digits = (number: number, length: number): string => String(number).padStart(length, '0');

/** What can't be read back must not be written: a foreign id in a key would be another key. */
function written(key: string, parse: (key: string) => unknown): string {
  if (parse(key) === undefined) throw new RangeError(`${key} is no key of the break-glass buckets.`);
  return key;
}
