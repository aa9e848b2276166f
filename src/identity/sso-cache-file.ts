import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SignIn } from '../config/config.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readSmallFile } from '../files/read-small-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { type JsonObject, parseJsonObject } from '../lib/json-object.ts';
import { pythonJson } from '../lib/python-json.ts';

/**
 * The folder that the AWS CLI v2 and the SDKs keep sign-ins in. Names and contents are theirs, to the byte, so that
 * a sign-in by any of them is one for all: https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
 */
export type CacheHost = Pick<Host, 'directories' | 'platform' | 'userId'>;

/** A file of that folder as it was read: fields that forge does not know are kept when it is written again. */
export type CacheRecord = JsonObject;

export function ssoCacheDirectory(host: Pick<Host, 'directories'>): string {
  return join(host.directories.home, '.aws', 'sso', 'cache');
}

/**
 * Where the access token lies: named after the sso-session. Profiles from before sso-sessions name it after the
 * start URL; their SignIn has the start URL as its session, and so leads to the same file.
 */
export function tokenFile(host: Pick<Host, 'directories'>, signIn: Pick<SignIn, 'session'>): string {
  return join(ssoCacheDirectory(host), `${sha1(signIn.session)}.json`);
}

/** Where the OAuth client lies. The AWS CLI hashes Python's JSON with sorted keys; no scopes are null there. */
export function registrationFile(host: Pick<Host, 'directories'>, signIn: SignIn): string {
  const identity = {
    region: signIn.region,
    scopes: signIn.scopes.length === 0 ? null : signIn.scopes,
    session_name: signIn.session === signIn.startUrl ? null : signIn.session,
    startUrl: signIn.startUrl,
    tool: 'botocore',
  };
  return join(ssoCacheDirectory(host), `${sha1(pythonJson(identity))}.json`);
}

/** Undefined when there is no file, or one that is not a JSON object: half-written by another tool, or garbage. */
export async function readCacheFile(path: string): Promise<CacheRecord | undefined> {
  const text = readSmallFile(path);
  return text === undefined ? undefined : parseJsonObject(text);
}

export async function saveCacheFile(host: CacheHost, path: string, record: CacheRecord): Promise<void> {
  await ensurePrivateDirectory(host, ssoCacheDirectory(host));
  await replaceFile(path, pythonJson(record), { mode: 0o600 });
}

/** Epoch milliseconds; also of `…UTC`, which the first AWS CLIs wrote. Undefined for anything else. */
export function parseCacheTime(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const time = Date.parse(value.replace(/UTC$/, 'Z'));
  return Number.isNaN(time) ? undefined : time;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
