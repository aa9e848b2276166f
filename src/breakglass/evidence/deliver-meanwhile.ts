import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { deliverSpool } from './deliver-spool.ts';

const patienceMs = 6_000;

/**
 * While a session is open what it leaves behind is delivered every so often, so that little is still on this machine
 * alone should it be lost. Failing says nothing: the end of the session says what is still to come.
 */
export function deliverMeanwhile(
  parts: IdentityParts,
  place: BreakGlassPlace,
  everyMs = 15_000,
): AsyncDisposable {
  let current: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    current ??= deliverSpool(parts, place, patienceMs)
      .catch(() => {})
      .finally(() => {
        current = undefined;
      });
  }, everyMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await current;
    },
  };
}
