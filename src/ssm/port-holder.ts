import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Host } from '../host.ts';

/**
 * Who listens on a TCP port of this machine, for people: `postgres (process 4711)`. Undefined where it can't be
 * found out: processes of other users hide their files.
 */
export async function findPortHolder(
  host: Pick<Host, 'platform' | 'spawn'>,
  port: number,
): Promise<string | undefined> {
  try {
    if (host.platform === 'linux') return await fromProc(port);
    if (host.platform === 'win32') return undefined;
    return fromLsof(await outputOf(host, 'lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']));
  } catch {
    return undefined;
  }
}

/** proc(5): the socket's inode by its port, then the process that has it open. */
async function fromProc(port: number): Promise<string | undefined> {
  const wanted = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'latin1').catch(() => '');
    for (const inode of listeningInodes(text, port)) wanted.add(`socket:[${inode}]`);
  }
  if (wanted.size === 0) return undefined;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const open = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (!wanted.has(open)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return holderText(name.trim(), pid);
    }
  }
  return undefined;
}

/** Of lines such as ` 0: 0100007F:1538 00000000:0000 0A … <uid> <timeout> <inode>`; 0A is LISTEN. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const listens = fields[1]?.endsWith(suffix) === true && fields[3] === '0A';
    return listens && fields[9] !== undefined ? [fields[9]] : [];
  });
}

/** Of `lsof -F`: a line a field, p for the process and c for its command. */
export function fromLsof(text: string): string | undefined {
  const pid = /^p(\d+)$/m.exec(text)?.[1];
  return pid === undefined ? undefined : holderText(/^c(.+)$/m.exec(text)?.[1] ?? '', pid);
}

function holderText(name: string, pid: string): string {
  return name === '' ? `process ${pid}` : `${name} (process ${pid})`;
}

function outputOf(host: Pick<Host, 'spawn'>, command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = host.spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const timer = setTimeout(() => child.kill(), 2_000);
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}
