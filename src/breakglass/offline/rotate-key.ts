import { ForgeError } from '../../errors.ts';
import { isSameKey, type OfflineKey } from './offline-key.ts';

/** What rotating needs of IAM, and of whoever keeps the key. */
export interface RotationPorts {
  list(): Promise<readonly { readonly accessKeyId: string; readonly createdAt: number }[]>;
  create(): Promise<OfflineKey>;
  disable(accessKeyId: string): Promise<void>;
  remove(accessKeyId: string): Promise<void>;
  /** Whether AWS takes it, now. */
  works(key: OfflineKey): Promise<boolean>;
  /** The key is kept when it answers. Throws when it is not, or nobody knows. */
  store(key: OfflineKey): Promise<void>;
  /** What is kept now; undefined: nobody knows (it is typed, or the vault does not answer). */
  stored(): Promise<OfflineKey | undefined>;
  /** A newer key than the one that is kept: whether that is really nowhere. */
  mayRemoveNewer(accessKeyId: string): Promise<boolean>;
  pause(milliseconds: number): Promise<void>;
}

export interface Rotation {
  /** The one that is kept, and the only one that is left. */
  readonly accessKeyId: string;
  readonly removed: readonly string[];
}

/** AWS says seconds; a minute is more than it ever took. */
const mostLooks = 30;
const betweenLooksMs = 2_000;

/**
 * Replaces `held`, the key that is kept now, by a new one: new key, does it work, keep it, old key off, is it off, old key away.
 * Can be begun again after an end at any point: at every point the key that is kept works, and what an earlier run left is found
 * and finished, or taken away. IAM allows a user two keys, so a third is never tried.
 */
export async function rotateKey(held: OfflineKey, ports: RotationPorts): Promise<Rotation> {
  const all = await ports.list();
  const own = all.find(({ accessKeyId }) => accessKeyId === held.accessKeyId);
  const other = all.find(({ accessKeyId }) => accessKeyId !== held.accessKeyId);
  if (own === undefined) {
    throw new ForgeError('failed', 'IAM does not list the key that is used.', {
      code: 'KEY_UNLISTED',
      hint: 'Take the newest of the vault, and type it once more: forge breakglass rotate',
    });
  }
  if (other === undefined) return replace(held, ports);
  // The kept one is the newer: an earlier run kept it and ended before the old one was away. Within one second nobody can tell.
  if (own.createdAt > other.createdAt) {
    await retire(other.accessKeyId, undefined, ports);
    return { accessKeyId: held.accessKeyId, removed: [other.accessKeyId] };
  }
  if (!(await ports.mayRemoveNewer(other.accessKeyId))) {
    throw new ForgeError('usage', 'There is a newer key, and it may be the one that is kept.', {
      code: 'NEWER_KEY',
      hint: 'Look in the vault, and type it once more with the newer key: forge breakglass rotate',
    });
  }
  // Made by an earlier run that ended before it was kept: nobody has its secret.
  await retire(other.accessKeyId, undefined, ports);
  const { accessKeyId, removed } = await replace(held, ports);
  return { accessKeyId, removed: [other.accessKeyId, ...removed] };
}

async function replace(held: OfflineKey, ports: RotationPorts): Promise<Rotation> {
  const made = await ports.create();
  if (!(await until(ports, true, made))) {
    await ports.remove(made.accessKeyId);
    throw new ForgeError('failed', 'The new key does not begin to work, and was removed.', {
      code: 'NEW_KEY_DEAD',
      hint: 'The old one still works. Try again: forge breakglass rotate',
    });
  }
  await keep(held, made, ports);
  await retire(held.accessKeyId, held, ports);
  return { accessKeyId: made.accessKeyId, removed: [held.accessKeyId] };
}

/** The old key stays until nobody can doubt that the new one is kept. */
async function keep(held: OfflineKey, made: OfflineKey, ports: RotationPorts): Promise<void> {
  try {
    await ports.store(made);
  } catch (error) {
    const kept = await ports.stored();
    if (kept !== undefined && isSameKey(kept, made)) return;
    // Where nobody knows what is kept, both stay, and the next run finds out.
    const known = kept !== undefined && isSameKey(kept, held);
    const declined = error instanceof ForgeError && error.code === 'NOT_STORED';
    if (!known && !declined) throw error;
    await ports.remove(made.accessKeyId);
    throw error;
  }
}

/** `secret`: where it is known it is tried; IAM's word counts where not. */
async function retire(
  accessKeyId: string,
  secret: OfflineKey | undefined,
  ports: RotationPorts,
): Promise<void> {
  await ports.disable(accessKeyId);
  if (secret !== undefined && !(await until(ports, false, secret))) {
    throw new ForgeError('failed', 'The old key is off, and AWS still takes it.', {
      code: 'OLD_KEY_ALIVE',
      hint: 'The new one is kept. Finish it in a minute: forge breakglass rotate',
    });
  }
  await ports.remove(accessKeyId);
}

async function until(ports: RotationPorts, wanted: boolean, key: OfflineKey): Promise<boolean> {
  for (let looks = 1; ; looks++) {
    if ((await ports.works(key)) === wanted) return true;
    if (looks === mostLooks) return false;
    await ports.pause(betweenLooksMs);
  }
}
