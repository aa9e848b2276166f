import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { limited, type RemovableItem, systemKeychain } from '../identity/keychain.ts';
import { parseJsonObject } from '../lib/json-object.ts';
import { Secret } from '../lib/secret.ts';

type KeeperHost = Pick<Host, 'platform' | 'userId' | 'directories'>;
type FindItems = (host: KeeperHost) => Promise<readonly RemovableItem[]>;

const systemItems: FindItems = ({ platform }) => systemKeychain(platform, 'slack-webhook');

/**
 * Which keychain holds the webhook of Slack, for people; undefined: none does. A file says so, with nothing secret in it,
 * because every look into a keychain may be a question to the person.
 */
export async function webhookKeeper(host: KeeperHost): Promise<string | undefined> {
  try {
    const { keeper } = parseJsonObject((await readOwnFile(host, fileOf(host))) ?? '') ?? {};
    return typeof keeper === 'string' ? keeper : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: none is kept. Throws failed KEYCHAIN_FAILED where it can't be had, within three seconds. */
export async function keptWebhook(host: KeeperHost, find = systemItems): Promise<Secret | undefined> {
  const keeper = await webhookKeeper(host);
  if (keeper === undefined) return undefined;
  try {
    const item = (await limited(find(host))).find(({ name }) => name === keeper);
    const value = item && (await limited(item.read()));
    if (value !== undefined) return new Secret(value.toString('utf8'));
    throw new Error('it is not there any more');
  } catch (error) {
    throw failed(`The webhook could not be read from the ${keeper}: ${reasonOf(error)}.`, error);
  }
}

/** Answers which keychain has it now. Throws failed KEYCHAIN_FAILED. */
export async function keepWebhook(host: KeeperHost, address: Secret, find = systemItems): Promise<string> {
  const value = Buffer.from(address.reveal(), 'utf8');
  const reasons: string[] = [];
  for (const item of await limited(find(host)).catch((error: unknown) => {
    reasons.push(reasonOf(error));
    return [];
  })) {
    try {
      await limited(item.write(value));
      const kept = await limited(item.read());
      if (kept === undefined || !value.equals(kept)) throw new Error('it does not keep what is stored in it');
      await ensurePrivateDirectory(host, folderOf(host));
      await replaceFile(fileOf(host), JSON.stringify({ v: 1, keeper: item.name }), { mode: 0o600 });
      return item.name;
    } catch (error) {
      reasons.push(`${item.name}: ${reasonOf(error)}`);
    }
  }
  throw failed(`There is no keychain for it: ${reasons.join('; ') || 'none is known'}.`, undefined);
}

/** false: none was kept. */
export async function forgetWebhook(host: KeeperHost, find = systemItems): Promise<boolean> {
  const keeper = await webhookKeeper(host);
  if (keeper === undefined) return false;
  try {
    const item = (await limited(find(host))).find(({ name }) => name === keeper);
    // Gone from there already: the kernel's keyring is empty after a restart.
    if (item !== undefined && (await limited(item.read())) !== undefined) await limited(item.remove());
  } catch (error) {
    throw failed(`The webhook could not be removed from the ${keeper}: ${reasonOf(error)}.`, error);
  }
  rmSync(fileOf(host), { force: true });
  return true;
}

function failed(message: string, cause: unknown): ForgeError {
  return new ForgeError('failed', message, {
    code: 'KEYCHAIN_FAILED',
    hint: 'Without a keychain the variable FORGE_SLACK_WEBHOOK holds it, for example from a password manager.',
    cause,
  });
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}

const folderOf = ({ directories }: KeeperHost) => join(directories.state, 'breakglass');
const fileOf = (host: KeeperHost) => join(folderOf(host), 'webhook.json');
