import type { Host } from '../host.ts';

const everyMs = 1_000;

/**
 * Calls `onGone` once whatever started forge is gone. A shell that is killed with -9 hands on no SIGHUP, and the
 * terminal goes to the shell before it: what is read there is not for forge any more. Disposing stops watching.
 */
export function watchParent({ parentPid }: Pick<Host, 'parentPid'>, onGone: () => void): Disposable {
  const parent = parentPid();
  const timer = setInterval(() => {
    if (parentPid() === parent) return;
    clearInterval(timer);
    onGone();
  }, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
