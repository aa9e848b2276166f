import type { JournalHost } from './journal.ts';

/** For records of what has happened: they are written after Ctrl-C, too. A host has getters, so its parts are named. */
export function uninterrupted(host: Omit<JournalHost, 'signal'>): JournalHost {
  const { directories, platform, userId, pid } = host;
  return {
    directories,
    platform,
    userId,
    pid,
    isRunning: (other) => host.isRunning(other),
    now: () => host.now(),
    monotonic: () => host.monotonic(),
    signal: new AbortController().signal,
  };
}
