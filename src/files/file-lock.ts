import { randomBytes } from 'node:crypto';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { fileFailure } from './file-failure.ts';

export interface LockOptions {
  /** How long to wait for the others. */
  readonly waitMilliseconds?: number;
  /** A lock whose holder can't be asked (another machine, unreadable) counts as left behind after this. */
  readonly staleMilliseconds?: number;
  /**
   * Other programs make locks of this name, too (kubectl, without content): only those of a forge that died on this
   * machine are taken away, whatever their age, and a lock of forge's is never seen empty.
   */
  readonly shared?: boolean;
}

/** Far longer than what forge does under a lock: a few calls to AWS with their retries. */
const longestUse = 10 * 60_000;

type LockHost = Pick<Host, 'pid' | 'monotonic' | 'now' | 'signal' | 'isRunning'>;

/**
 * Runs `use` while no other forge holds `<path>.lock`. The lock is a file made with O_EXCL that names its holder.
 * A holder that died (kill -9) is noticed at once by its process id, and its lock is taken away under a second
 * lock, so that two who notice together can't both think they hold it.
 */
export async function withFileLock<Value>(
  host: LockHost,
  path: string,
  use: () => Promise<Value>,
  options: LockOptions = {},
): Promise<Value> {
  const lock = `${path}.lock`;
  const content = `${host.pid} ${hostname()} ${randomBytes(8).toString('hex')}\n`;
  await acquire(host, lock, content, options);
  try {
    return await use();
  } finally {
    removeIfItHolds(lock, content);
  }
}

/** Takes away what a forge that was killed left of a shared lock, so that others (kubectl) are not kept out by it. */
export function removeDeadLock(host: LockHost, path: string): void {
  removeIfLeftBehind(host, `${path}.lock`, Number.POSITIVE_INFINITY);
}

async function acquire(host: LockHost, lock: string, content: string, options: LockOptions): Promise<void> {
  const patience = options.waitMilliseconds ?? 30_000;
  let deadline = host.monotonic() + patience;
  let holder: string | undefined;
  const shared = options.shared === true;
  const stale = shared ? Number.POSITIVE_INFINITY : (options.staleMilliseconds ?? 60_000);
  for (let attempt = 0; ; attempt++) {
    if (shared ? createWhole(lock, content) : create(lock, content)) return;
    removeIfLeftBehind(host, lock, stale);
    host.signal.throwIfAborted();
    // Many who take turns are no reason to give up; one who does not let go is.
    const next = shared ? identityOf(lock) : undefined;
    if (next !== holder) {
      holder = next;
      deadline = host.monotonic() + patience;
    }
    if (host.monotonic() > deadline) {
      throw new ForgeError('failed', `Another process has held ${lock} for too long.`, {
        code: 'LOCKED',
        hint: `If none is running, remove it: rm ${lock}`,
      });
    }
    const pause = Math.min(50, 2 + attempt * 2) * (0.5 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Synchronous: each call takes microseconds, and a trip through the thread pool more than all of them. */
function create(lock: string, content: string, named = lock): boolean {
  try {
    const file = openSync(lock, 'wx', 0o600);
    try {
      writeSync(file, content);
    } catch (error) {
      // A full disk has room for the name, not for what it should hold.
      unlinkSync(lock);
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileFailure(error, 'make', named);
  }
}

/** The name appears with its content: who dies between making and filling it would leave what looks like another program's. */
function createWhole(lock: string, content: string): boolean {
  const prepared = `${lock}.${randomBytes(6).toString('hex')}.forge`;
  create(prepared, content, lock);
  try {
    linkSync(prepared, lock);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A file system without hard links.
    return create(lock, content);
  } finally {
    unlinkSync(prepared);
  }
}

/** Only one's own: if somebody judged it stale, the file there now is theirs. */
function removeIfItHolds(lock: string, content: string): void {
  try {
    if (readFileSync(lock, 'utf8') === content) unlinkSync(lock);
  } catch {
    // Gone already.
  }
}

function removeIfLeftBehind(host: LockHost, lock: string, stale: number): void {
  const seen = leftBehind(host, lock, stale);
  if (seen === undefined) return;
  const breaker = `${lock}.break`;
  if (!create(breaker, `${host.pid}\n`)) {
    // Its maker may have died between making and removing it: both take microseconds.
    const age = ageOf(host, breaker);
    if (age !== undefined && age > 5_000) remove(breaker);
    return;
  }
  try {
    if (contentOf(lock) === seen) remove(lock);
  } finally {
    remove(breaker);
  }
}

/** The content of a lock whose holder is gone, or undefined when it is held or already free. */
function leftBehind(host: LockHost, lock: string, stale: number): string | undefined {
  const content = contentOf(lock);
  if (content === undefined) return undefined;
  const [, pid, machine] = /^(\d+) (\S+) /.exec(content) ?? [];
  const age = ageOf(host, lock);
  if (pid !== undefined && machine === hostname()) {
    // After a reboot, or days, the number may be another program's: nobody works under a lock for that long.
    const isHeld = host.isRunning(Number(pid)) && (age === undefined || age < longestUse);
    return isHeld ? undefined : content;
  }
  // An empty lock is one being written; a second is plenty for that.
  const limit = content === '' && Number.isFinite(stale) ? 1_000 : stale;
  return age !== undefined && age > limit ? content : undefined;
}

function ageOf(host: LockHost, path: string): number | undefined {
  try {
    return host.now() - statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs}`;
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function remove(path: string): void {
  try {
    rmSync(path);
  } catch {
    // Somebody else was faster, or must do it.
  }
}
