import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { asJsonObject, type JsonObject } from '../lib/json-object.ts';
import { Secret } from '../lib/secret.ts';
import type { RoleCredentials } from './role-credentials.ts';

export interface CacheEntry {
  readonly credentials: RoleCredentials;
  /** Epoch milliseconds. */
  readonly savedAt: number;
}

/**
 * With a key: AES-256-GCM under it, bound to the entry's name, so that a file copied over another is not taken
 * for it. Without one: the same JSON in the clear, for a 0600 file.
 */
export function encodeCacheEntry(entry: CacheEntry, name: string, key: Buffer | undefined): string {
  const { secretAccessKey, sessionToken, ...rest } = entry.credentials;
  const plain = JSON.stringify({
    ...rest,
    secretAccessKey: secretAccessKey.reveal(),
    sessionToken: sessionToken?.reveal(),
    savedAt: entry.savedAt,
  });
  if (key === undefined) return `${JSON.stringify({ version: 1, clear: JSON.parse(plain) })}\n`;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${JSON.stringify({ version: 1, nonce: nonce.toString('base64'), sealed: sealed.toString('base64') })}\n`;
}

/** Undefined for whatever is not an entry of this name under this key: garbage, another key, clear where sealed is due. */
export function decodeCacheEntry(
  text: string,
  name: string,
  key: Buffer | undefined,
): CacheEntry | undefined {
  try {
    const file = asJsonObject(JSON.parse(text));
    if (file?.version !== 1) return undefined;
    return parseEntry(
      key === undefined ? asJsonObject(file.clear) : asJsonObject(JSON.parse(unseal(file, name, key))),
    );
  } catch {
    return undefined;
  }
}

function unseal(file: JsonObject, name: string, key: Buffer): string {
  const nonce = Buffer.from(String(file.nonce), 'base64');
  const sealed = Buffer.from(String(file.sealed), 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(sealed.subarray(-16));
  return decipher.update(sealed.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8');
}

function parseEntry(found: JsonObject | undefined): CacheEntry | undefined {
  if (found === undefined) return undefined;
  const { accessKeyId, secretAccessKey, sessionToken, expiration, source, account } = found;
  const { callerArn, checkedAt, savedAt } = found;
  const complete =
    isText(accessKeyId) &&
    isText(secretAccessKey) &&
    isText(source) &&
    isTime(expiration) &&
    isTime(savedAt) &&
    (sessionToken === undefined || isText(sessionToken)) &&
    (account === undefined || isText(account)) &&
    (callerArn === undefined || isText(callerArn)) &&
    (checkedAt === undefined || isTime(checkedAt));
  if (!complete) return undefined;
  const credentials = {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    sessionToken: sessionToken === undefined ? undefined : new Secret(sessionToken),
    expiration,
    source,
    account,
    callerArn,
    checkedAt,
  };
  return { credentials, savedAt };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
