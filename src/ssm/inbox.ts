import { ownBytes } from '../lib/own-bytes.ts';
import type { DataListener } from './data-channel.ts';

/** Payloads of the agent in their order, kept until the listener is there and done with those before. */
export class Inbox {
  readonly #line: { readonly payloadType: number; readonly payload: Buffer }[] = [];
  readonly #onProgress: () => void;
  readonly #onFailure: (error: unknown) => void;
  #listener: DataListener | undefined;
  #busy = false;
  #bytes = 0;
  #afterwards: (() => void) | undefined;

  /** `onFailure`: the listener has thrown; nothing is given to it any more. */
  constructor(onProgress: () => void, onFailure: (error: unknown) => void) {
    this.#onProgress = onProgress;
    this.#onFailure = onFailure;
  }

  /** Waiting, or with the listener. */
  get bytes(): number {
    return this.#bytes;
  }

  listen(listener: DataListener): void {
    this.#listener = listener;
    this.#deliver();
  }

  add(payloadType: number, payload: Buffer): void {
    const waits = this.#busy || this.#listener === undefined;
    this.#line.push({ payloadType, payload: waits ? ownBytes(payload) : payload });
    // A message that says next to nothing still takes its place in memory.
    this.#bytes += payload.length + 64;
    this.#deliver();
  }

  /** Calls back once all has been delivered; without a listener at once: nobody is interested. */
  whenEmpty(callback: () => void): void {
    if (this.#listener === undefined || (this.#line.length === 0 && !this.#busy)) callback();
    else this.#afterwards = callback;
  }

  discard(): void {
    this.#line.length = 0;
    this.#bytes = 0;
    this.#listener = () => {};
  }

  #deliver(): void {
    if (this.#busy || this.#listener === undefined) return;
    this.#busy = true;
    try {
      while (this.#line.length > 0) {
        const next = this.#line.shift();
        if (next === undefined) break;
        const pause = this.#listener(next.payloadType, next.payload);
        if (pause instanceof Promise) {
          pause.then(
            () => {
              this.#done(next.payload);
              this.#busy = false;
              this.#deliver();
              this.#onProgress();
            },
            (error) => this.#fail(error),
          );
          return;
        }
        this.#done(next.payload);
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#busy = false;
    const afterwards = this.#afterwards;
    this.#afterwards = undefined;
    afterwards?.();
  }

  #done(payload: Buffer): void {
    this.#bytes = Math.max(0, this.#bytes - payload.length - 64);
  }

  #fail(error: unknown): void {
    this.discard();
    this.#busy = false;
    this.#onFailure(error);
  }
}
