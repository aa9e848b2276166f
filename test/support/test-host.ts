import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { type Host, systemHost } from '../../src/host.ts';

export interface TestHost extends Host {
  readonly out: () => string;
  readonly err: () => string;
  /** Moves the wall clock (and nothing else). */
  shiftClock(milliseconds: number): void;
  interrupt(signalName?: string): void;
  dispose(): void;
}

// Its streams are captured: nothing may go round them.
const { writeOut: _, ...real } = systemHost();

/** Another PostgreSQL than npm's: CONTRIBUTING.md. */
const { FORGE_SANDBOX_POSTGRES } = process.env;
const chosenPostgres = FORGE_SANDBOX_POSTGRES === undefined ? {} : { FORGE_SANDBOX_POSTGRES };

/** A Host with a home of its own, captured streams without a terminal, and a clock that can be moved. */
export function createTestHost(overrides: Partial<Host> & { tty?: boolean } = {}): TestHost {
  const root = mkdtempSync(join(tmpdir(), 'forge-test-'));
  const chunks: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  const capture = (name: 'out' | 'err') =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          chunks[name].push(Buffer.from(chunk));
          done();
        },
      }),
      overrides.tty ? { isTTY: true, columns: 100, rows: 30 } : {},
    );
  const controller = new AbortController();
  let shift = 0;
  const stdin = new PassThrough();
  return {
    ...real,
    stdin,
    stdout: capture('out'),
    stderr: capture('err'),
    env: { HOME: root, PATH: process.env.PATH, NO_COLOR: '1', ...chosenPostgres },
    userName: 'tester',
    directories: {
      working: root,
      home: root,
      config: join(root, '.config', 'forge'),
      cache: join(root, '.cache', 'forge'),
      state: join(root, '.local', 'state', 'forge'),
      temporary: root,
    },
    now: () => Date.now() + shift,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    ...overrides,
    out: () => Buffer.concat(chunks.out).toString(),
    err: () => Buffer.concat(chunks.err).toString(),
    shiftClock: (milliseconds) => {
      shift += milliseconds;
    },
    interrupt: (name = 'SIGINT') => controller.abort(name),
    dispose: () => removeFolder(root),
  };
}

/**
 * A browser of a test can still be writing. What comes while Node removes a folder, its own `maxRetries` does not take
 * away: it only tries again to remove the folder, which is not empty.
 */
function removeFolder(folder: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 20; ; tries--) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (tries === 0) throw error;
      Atomics.wait(pause, 0, 0, 50);
    }
  }
}
