import { describe, expect, it } from 'vitest';
import { isSameKey, type OfflineKey } from '../../../src/breakglass/offline/offline-key.ts';
import { type RotationPorts, rotateKey } from '../../../src/breakglass/offline/rotate-key.ts';
import { ForgeError } from '../../../src/errors.ts';
import { Secret } from '../../../src/lib/secret.ts';

/** IAM's rules for the keys of one user, and a vault with room for one; the real IAM is in test/commands/breakglass/offline. */
class Story {
  readonly keys = new Map<
    string,
    { key: OfflineKey; createdAt: number; active: boolean; worksAfter: number }
  >();
  vault: OfflineKey;
  /** Everything that was done, in order. */
  readonly calls: string[] = [];
  vaultFails: 'before' | 'after' | 'declined' | undefined;
  #made = 0;
  #clock = 0;
  #crash: { left: number; side: 'before' | 'after' } | undefined;

  constructor() {
    this.vault = this.#make();
    this.#clock = 10;
  }

  #make(worksAfter = 0): OfflineKey {
    this.#made++;
    const accessKeyId = `AKIA${String(this.#made).padStart(16, '2')}`;
    const key = { accessKeyId, secretAccessKey: new Secret(`${this.#made}`.padStart(40, 'x')) };
    this.keys.set(accessKeyId, { key, createdAt: this.#clock, active: true, worksAfter });
    return key;
  }

  crashAt(left: number, side: 'before' | 'after'): void {
    this.#crash = { left, side };
  }

  works(key: OfflineKey): boolean {
    const found = this.keys.get(key.accessKeyId);
    return found?.active === true && isSameKey(found.key, key) && this.#clock >= found.worksAfter;
  }

  ports(): RotationPorts {
    // Of one run: who was killed does nothing more.
    let dead = false;
    const call = async <Result>(name: string, act: () => Result): Promise<Result> => {
      if (dead) throw new Error('killed');
      this.calls.push(name);
      this.#clock++;
      const crash = this.#crash !== undefined && --this.#crash.left === 0 ? this.#crash.side : undefined;
      if (crash !== undefined) {
        this.#crash = undefined;
        dead = true;
      }
      if (crash === 'before') throw new Error('killed');
      const result = act();
      if (crash === 'after') throw new Error('killed');
      return result;
    };
    return {
      list: () =>
        call('list', () =>
          [...this.keys].map(([accessKeyId, { createdAt }]) => ({ accessKeyId, createdAt })),
        ),
      create: () =>
        call('create', () => {
          if (this.keys.size >= 2) throw new Error('LimitExceeded');
          return this.#make(this.#clock + 3);
        }),
      disable: (id) =>
        call('disable', () => {
          const found = this.keys.get(id);
          if (found === undefined) throw new Error('NoSuchEntity');
          found.active = false;
        }),
      remove: (id) =>
        call('remove', () => {
          if (!this.keys.delete(id)) throw new Error('NoSuchEntity');
        }),
      works: (key) => call('works', () => this.works(key)),
      store: (key) =>
        call('store', () => {
          if (this.vaultFails === 'declined') throw new ForgeError('usage', 'no', { code: 'NOT_STORED' });
          if (this.vaultFails === 'before') throw new Error('the vault is down');
          this.vault = key;
          if (this.vaultFails === 'after') throw new Error('its answer was lost');
        }),
      stored: () => call('stored', () => this.vault),
      mayRemoveNewer: async () => true,
      pause: async () => void this.#clock++,
    };
  }

  /** What must hold at every moment, whoever was killed. */
  check(): void {
    expect(this.keys.size).toBeLessThanOrEqual(2);
    expect(this.works(this.vault), `the key that is kept works, after ${this.calls.join(' ')}`).toBe(true);
  }
}

async function stepsOf(): Promise<number> {
  const story = new Story();
  await rotateKey(story.vault, story.ports());
  return story.calls.length;
}

describe('replacing the key', () => {
  it('keeps the new one, tries both, and leaves no other', async () => {
    const story = new Story();
    const old = story.vault;
    const { accessKeyId, removed } = await rotateKey(old, story.ports());
    expect(story.vault.accessKeyId).toBe(accessKeyId);
    expect([...story.keys.keys()]).toEqual([accessKeyId]);
    expect(removed).toEqual([old.accessKeyId]);
    expect(story.calls.filter((name, at) => name !== story.calls[at - 1])).toEqual([
      'list',
      'create',
      'works',
      'store',
      'disable',
      'works',
      'remove',
    ]);
    story.check();
  });

  it('killed at any point, and at any point of the next run, the key that is kept works; the third run ends it', async () => {
    const steps = await stepsOf();
    const sides = ['before', 'after'] as const;
    let points = 0;
    for (let first = 1; first <= steps; first++) {
      for (const one of sides) {
        for (let second = 1; second <= steps; second++) {
          for (const other of sides) {
            const story = new Story();
            const old = story.vault;
            story.crashAt(first, one);
            await rotateKey(story.vault, story.ports()).catch(() => {});
            story.check();
            story.crashAt(second, other);
            await rotateKey(story.vault, story.ports()).catch(() => {});
            story.check();
            story.crashAt(0, 'before');
            const { accessKeyId } = await rotateKey(story.vault, story.ports());
            story.check();
            expect([...story.keys.keys()]).toEqual([accessKeyId]);
            expect(story.keys.has(old.accessKeyId)).toBe(false);
            points++;
          }
        }
      }
    }
    expect(points).toBeGreaterThan(250);
  });

  it.each([
    ['is not stored', 'declined', 1],
    ['can’t be stored', 'before', 1],
  ] as const)('a new key that %s is removed, and the old one stays', async (_name, how, left) => {
    const story = new Story();
    const old = story.vault;
    story.vaultFails = how;
    await expect(rotateKey(old, story.ports())).rejects.toThrow();
    expect(story.vault).toBe(old);
    expect(story.keys.size).toBe(left);
    story.check();
  });

  it('a vault whose answer was lost is asked what it has', async () => {
    const story = new Story();
    story.vaultFails = 'after';
    const { accessKeyId } = await rotateKey(story.vault, story.ports());
    expect(story.vault.accessKeyId).toBe(accessKeyId);
    story.check();
  });

  it('where nobody knows what is kept, both keys stay', async () => {
    const story = new Story();
    story.vaultFails = 'before';
    const ports = { ...story.ports(), stored: async () => undefined };
    await expect(rotateKey(story.vault, ports)).rejects.toThrow('the vault is down');
    expect(story.keys.size).toBe(2);
    story.check();
  });

  it('a newer key that may be the one in the vault is not removed', async () => {
    const story = new Story();
    const old = story.vault;
    story.crashAt(3, 'before');
    await rotateKey(old, story.ports()).catch(() => {});
    expect(story.keys.size).toBe(2);
    const ports = { ...story.ports(), mayRemoveNewer: async () => false };
    await expect(rotateKey(old, ports)).rejects.toMatchObject({ code: 'NEWER_KEY' });
    expect(story.keys.size).toBe(2);
  });

  it('a new key that never works is removed again', async () => {
    const story = new Story();
    const ports = { ...story.ports(), works: async () => false };
    await expect(rotateKey(story.vault, ports)).rejects.toMatchObject({ code: 'NEW_KEY_DEAD' });
    expect(story.keys.size).toBe(1);
    story.check();
  });

  it('an old key that goes on working is not called dead', async () => {
    const story = new Story();
    const ports = { ...story.ports(), works: async () => true };
    await expect(rotateKey(story.vault, ports)).rejects.toMatchObject({ code: 'OLD_KEY_ALIVE' });
    expect(story.keys.size).toBe(2);
    story.check();
  });
});
