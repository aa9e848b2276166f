import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { withFileLock } from '../files/file-lock.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import type { Host } from '../host.ts';

export type Keychain =
  | { readonly kind: 'opened'; readonly name: string; readonly key: Buffer }
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      /** It took the whole time that it is given, and will again. */
      readonly slow: boolean;
    };

/** One item of an operating system's keychain. */
export interface KeychainItem {
  /** For people: `macOS keychain`. */
  readonly name: string;
  read(): Promise<Buffer | undefined>;
  write(value: Buffer): Promise<void>;
}

/** One that can be taken out again. */
export interface RemovableItem extends KeychainItem {
  remove(): Promise<void>;
}

type KeychainHost = Pick<Host, 'platform' | 'userId' | 'pid' | 'now' | 'monotonic' | 'signal' | 'isRunning'>;

/** As long as gh gives it: a keychain that shows a dialog nobody sees would else hang every command. */
const patience = 3_000;

/**
 * The random key that cached role credentials are sealed with: one item, read once a command, because every read
 * may be a question to the person. What can't be used within three seconds counts as absent.
 */
export async function openKeychain(
  host: KeychainHost,
  folder: string,
  find: () => Promise<readonly KeychainItem[]> = () => systemKeychain(host.platform, account),
): Promise<Keychain> {
  const reasons: string[] = [];
  let slow = false;
  try {
    for (const item of await limited(find())) {
      try {
        return { kind: 'opened', name: item.name, key: await keyOf(host, folder, item) };
      } catch (error) {
        slow ||= error instanceof TooSlow;
        reasons.push(`${item.name}: ${firstLine(error)}`);
      }
    }
  } catch (error) {
    reasons.push(firstLine(error));
  }
  return { kind: 'unavailable', reason: reasons.join('; ') || 'there is none', slow };
}

async function keyOf(host: KeychainHost, folder: string, item: KeychainItem): Promise<Buffer> {
  const found = await limited(item.read());
  if (found?.length === 32) return found;
  // Two first commands at once must end with one key, or each would make the other's entries unreadable.
  await ensurePrivateDirectory(host, folder);
  return withFileLock(host, join(folder, 'key'), async () => {
    const meanwhile = await limited(item.read());
    if (meanwhile?.length === 32) return meanwhile;
    const key = randomBytes(32);
    await limited(item.write(key));
    const kept = await limited(item.read());
    if (kept === undefined || !kept.equals(key)) throw new Error('it does not keep what is stored in it');
    return key;
  });
}

class TooSlow extends Error {}

/** Thrown away when late: the process ends by itself, whatever the keychain still does. */
export async function limited<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooSlow('it did not answer within 3 s')), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const service = 'forge';
const account = 'role-credentials';

/**
 * On Linux the library falls back in silence from the Secret Service to the kernel's keyring, which a restart
 * empties; each is asked for by name, so that forge can say which one it is.
 */
export async function systemKeychain(
  platform: NodeJS.Platform,
  account: string,
): Promise<readonly RemovableItem[]> {
  const { AsyncEntry } = await import('@napi-rs/keyring').catch(() => {
    throw new Error('the optional package @napi-rs/keyring is not installed');
  });
  const item = (name: string, store?: 'secret-service' | 'keyutils'): RemovableItem => {
    const open = () => new AsyncEntry(service, account, store && { linux: { store } });
    return {
      name,
      read: async () => {
        const value = await open().getSecret();
        return value ? Buffer.from(value) : undefined;
      },
      write: async (value) => open().setSecret(value),
      remove: async () => void (await open().deleteCredential()),
    };
  };
  if (platform === 'darwin') return [item('macOS keychain')];
  if (platform === 'win32') return [item('Windows Credential Manager')];
  return [
    item('Secret Service', 'secret-service'),
    item('kernel keyring (until the next restart)', 'keyutils'),
  ];
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
