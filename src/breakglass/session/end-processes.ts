import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../host.ts';
import { socketVariable } from './socket-variable.ts';

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

/** `left`: some are another user's, or can't be killed. */
export type HowEnded = 'softly' | 'killed' | 'left';

/**
 * Ends all processes of a session: an AWS tool keeps the keys that it has in its own memory, and only its end takes
 * them away. Each job of an interactive shell is a process group of its own, and what was started with nohup is no
 * child of it any more: so they are known by who started whom and, on Linux, by the session's socket in their
 * environment.
 */
export async function endProcesses(host: ProcessHost, child: number, socket: string): Promise<HowEnded> {
  if (host.platform === 'win32') {
    await output(host, 'taskkill', ['/pid', String(child), '/t', '/f']);
    return 'killed';
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
      if (pids.length === 0) return signals.includes('SIGKILL') ? 'killed' : 'softly';
      for (const pid of pids) {
        if (told.has(pid)) continue;
        told.add(pid);
        for (const signal of signals) send(pid, signal);
      }
      await sleep(lookEveryMs);
    }
  }
  return 'left';
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile, or became somebody else's.
  }
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  /** Its environment names the session. */
  readonly marked: boolean;
}

/** Marked ones and their families, without those that only nobody has asked yet how they ended. */
async function findLiving(host: ProcessHost, known: ReadonlySet<number>, socket: string): Promise<number[]> {
  const all = host.platform === 'linux' ? await ofProc(socket) : await ofPs(host);
  const rows = all.filter(({ pid }) => pid !== host.pid);
  const found = new Set([...known, ...rows.filter(({ marked }) => marked).map(({ pid }) => pid)]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of rows) if (found.has(parent)) found.add(pid);
  }
  return rows.map(({ pid }) => pid).filter((pid) => found.has(pid));
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the environment of others' processes can't be read. */
async function ofProc(socket: string): Promise<readonly Row[]> {
  const entry = `${socketVariable}=${socket}`;
  const rows = await Promise.all(
    (await readdir('/proc')).map(async (name): Promise<readonly Row[]> => {
      if (!/^\d+$/.test(name)) return [];
      const read = (file: string) => readFile(`/proc/${name}/${file}`, 'latin1').catch(() => '');
      const [stat, environment] = await Promise.all([read('stat'), read('environ')]);
      // The program's name stands in parentheses, and may hold any.
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (parent === undefined || state === 'Z' || state === 'X') return [];
      return [{ pid: Number(name), parent: Number(parent), marked: environment.split('\0').includes(entry) }];
    }),
  );
  return rows.flat();
}

async function ofPs(host: ProcessHost): Promise<readonly Row[]> {
  const text = await output(host, 'ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  return [...text.matchAll(/^\s*(\d+)\s+(\d+)\s+[^Z\s]\S*\s*$/gm)].map(([, pid, parent]) => ({
    pid: Number(pid),
    parent: Number(parent),
    marked: false,
  }));
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
