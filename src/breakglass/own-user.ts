import { join } from 'node:path';
import { findUserByName } from '../aws/identitystore.ts';
import { ForgeError } from '../errors.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import { readOwnFile } from '../files/read-own-file.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { parseJsonObject } from '../lib/json-object.ts';
import type { AccessCaller } from './access-account.ts';
import type { Person } from './protocol/document-parts.ts';
import { isIdentityStoreId } from './protocol/ids.ts';

type OwnHost = Pick<Host, 'directories' | 'platform' | 'userId'>;

/**
 * Who the caller is in the identity store. Asked once and kept in the state folder: in an emergency the access account
 * may be out of reach, and tier 0 needs this id. IAM compares it with the truth, so a wrong one only fails.
 */
export async function ownUser(host: OwnHost, caller: AccessCaller): Promise<Person> {
  const { userName, identityStoreId } = caller;
  const kept = await rememberedUser(host, identityStoreId, userName);
  if (kept !== undefined) return kept;
  const userId = await findUserByName(caller, userName);
  if (userId === undefined) {
    throw new ForgeError('failed', `The identity store ${identityStoreId} has no user ${userName}.`, {
      code: 'NO_SUCH_USER',
      hint: 'Check break_glass.identity_store: forge config show',
    });
  }
  await rememberUser(host, identityStoreId, { userId, userName });
  return { userId, userName };
}

/** Without asking anybody. */
export async function rememberedUser(
  host: OwnHost,
  identityStoreId: string,
  userName: string,
): Promise<Person | undefined> {
  const userId = (await load(host))[key(identityStoreId, userName)];
  return typeof userId === 'string' && isIdentityStoreId(userId) ? { userId, userName } : undefined;
}

/** The same, for a name that was typed, with or without its domain; undefined: nobody, or more than one. */
export async function rememberedUserCalled(
  host: OwnHost,
  identityStoreId: string,
  typed: string,
): Promise<Person | undefined> {
  const prefix = `${identityStoreId}/`;
  const names = Object.keys(await load(host)).flatMap((one) =>
    one.startsWith(prefix) ? [one.slice(prefix.length)] : [],
  );
  const wanted = typed.toLowerCase();
  const exact = names.filter((name) => name.toLowerCase() === wanted);
  const [found, ...more] =
    exact.length > 0 ? exact : names.filter((name) => name.toLowerCase().startsWith(`${wanted}@`));
  if (found === undefined || more.length > 0) return undefined;
  return rememberedUser(host, identityStoreId, found);
}

async function rememberUser(host: OwnHost, identityStoreId: string, person: Person): Promise<void> {
  const users = { ...(await load(host)), [key(identityStoreId, person.userName)]: person.userId };
  await ensurePrivateDirectory(host, folderOf(host));
  await replaceFile(fileOf(host), JSON.stringify(users), { mode: 0o600 });
}

async function load(host: OwnHost): Promise<Readonly<Record<string, unknown>>> {
  try {
    return parseJsonObject((await readOwnFile(host, fileOf(host))) ?? '') ?? {};
  } catch {
    // Not there, or not to be read: asking mends it.
    return {};
  }
}

const key = (identityStoreId: string, userName: string) => `${identityStoreId}/${userName}`;
const folderOf = (host: OwnHost) => join(host.directories.state, 'breakglass');
const fileOf = (host: OwnHost) => join(folderOf(host), 'users.json');
