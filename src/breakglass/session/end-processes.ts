import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../host.ts';
import { socketVariable } from './session-variables.ts';

type ProcessHost = Pick<Host, 'platform' | 'pid' | 'spawn' | 'monotonic'>;

/**
 * What is given the chance to end by itself, in this order, and all within the second after an end; `SIGCONT` wakes
 * what stands still, so that it hears.
 */
const steps: readonly { readonly signals: readonly NodeJS.Signals[]; readonly patienceMs: number }[] = [
  { signals: ['SIGHUP', 'SIGCONT'], patienceMs: 300 },
  { signals: ['SIGTERM', 'SIGCONT'], patienceMs: 200 },
  { signals: ['SIGKILL'], patienceMs: 2_000 },
];
const lookEveryMs = 30;

/**
 * Ends all processes of a session: an AWS tool keeps the keys that it has in its own memory, and only its end takes
 * them away. Each job of an interactive shell is a process group of its own, and what was started with nohup is no
 * child of it any more: so they are known by the session's socket in their environment (Linux), elsewhere by who
 * started whom. Answers whether SIGKILL was needed.
 */
export async function endProcesses(host: ProcessHost, child: number, socket: string): Promise<boolean> {
  if (host.platform === 'win32') {
    await output(host, 'taskkill', ['/pid', String(child), '/t', '/f']);
    return true;
  }
  const known = new Set<number>([child]);
  const living = async () => {
    const found = await findLiving(host, known, socket);
    for (const pid of found) known.add(pid);
    return found;
  };
  for (const { signals, patienceMs } of steps) {
    const told = new Set<number>();
    for (const until = host.monotonic() + patienceMs; host.monotonic() < until; ) {
      const pids = await living();
      if (pids.length === 0) return false;
      for (const pid of pids) {
        if (told.has(pid)) continue;
        told.add(pid);
        for (const signal of signals) send(pid, signal);
      }
      await sleep(lookEveryMs);
    }
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile, or became somebody else's.
  }
}

/** Without those that nobody has yet asked how they ended: they hold nothing any more. */
function findLiving(host: ProcessHost, known: ReadonlySet<number>, socket: string): Promise<number[]> {
  return host.platform === 'linux' ? ofEnvironment(host, socket) : ofFamily(host, known);
}

/** Those of other users can't be read, and can't be ended. */
async function ofEnvironment(host: ProcessHost, socket: string): Promise<number[]> {
  const entry = `${socketVariable}=${socket}`;
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== host.pid);
  const held = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
      return text.split('\0').includes(entry);
    }),
  );
  return names.filter((_, index) => held[index] === true).map(Number);
}

async function ofFamily(host: ProcessHost, known: ReadonlySet<number>): Promise<number[]> {
  const text = await output(host, 'ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  const rows = [...text.matchAll(/^\s*(\d+)\s+(\d+)\s+[^Z\s]\S*\s*$/gm)].map(([, pid, parent]) => ({
    pid: Number(pid),
    parent: Number(parent),
  }));
  const found = new Set(known);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of rows) if (found.has(parent)) found.add(pid);
  }
  return rows.map(({ pid }) => pid).filter((pid) => found.has(pid));
}

function output(host: ProcessHost, command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = host.spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout?.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', () => resolve(''));
    child.once('close', () => resolve(text));
  });
}
