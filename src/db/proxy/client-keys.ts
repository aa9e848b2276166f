import { randomBytes, timingSafeEqual } from 'node:crypto';

/** The keys that clients cancel with: forge's own, so that nobody but forge knows the server's. */
export class ClientKeys {
  readonly #keys = new Map<number, { readonly secret: Buffer; readonly cancel: () => Promise<void> }>();

  /** `processId` is the server's, which clients compare with that of notifications. The secret is 4 bytes before 3.2. */
  add(
    processId: number,
    version: number,
    cancel: () => Promise<void>,
  ): { readonly secret: Buffer } & Disposable {
    const secret = randomBytes(version >= protocol32 ? 32 : 4);
    const entry = { secret, cancel };
    this.#keys.set(processId, entry);
    return {
      secret,
      [Symbol.dispose]: () => {
        if (this.#keys.get(processId) === entry) this.#keys.delete(processId);
      },
    };
  }

  /** Whoever asks is told nothing. */
  async cancel(processId: number, secret: Buffer): Promise<void> {
    const found = this.#keys.get(processId);
    if (found === undefined || found.secret.length !== secret.length) return;
    if (timingSafeEqual(found.secret, secret)) await found.cancel();
  }
}

const protocol32 = 0x0003_0002;
