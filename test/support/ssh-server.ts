import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  /** Private key that it lets in, as whoever runs the tests. */
  readonly identity: string;
}

const program = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'].find(existsSync);

/** Whether OpenSSH's server can run here; says once which tests skip where it can't. */
export function canServeSsh(tests: string): boolean {
  const why = reasonAgainst();
  if (why !== undefined) process.stderr.write(`\nSkipped for lack of a working sshd (${why}): ${tests}\n`);
  return why === undefined;
}

function reasonAgainst(): string | undefined {
  if (program === undefined) return 'not installed';
  const folder = mkdtempSync(join(tmpdir(), 'forge-sshd-'));
  try {
    // As root it wants a user and a folder of its own, which only its package makes.
    const tried = spawnSync(program, ['-t', '-f', writeSettings(folder, 1)], { encoding: 'utf8' });
    return tried.status === 0 ? undefined : tried.stderr.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** OpenSSH's own server on a port of loopback, with keys made for it. */
export async function startSshServer(port: number): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'forge-sshd-'));
  const child = spawn(program ?? '', ['-D', '-e', '-f', writeSettings(folder, port)], { stdio: 'ignore' });
  const ended = once(child, 'close');
  for (let waited = 0; !(await answers(port)); waited += 50) {
    if (waited > 10_000) throw new Error('sshd does not answer');
    await sleep(50);
  }
  return {
    port,
    identity: join(folder, 'user'),
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeSettings(folder: string, port: number): string {
  for (const name of ['host', 'user']) {
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  }
  const settings = [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
    'StrictModes no',
    'PermitRootLogin yes',
    'PidFile none',
    'Subsystem sftp internal-sftp',
  ];
  const file = join(folder, 'sshd_config');
  writeFileSync(file, `${settings.join('\n')}\n`);
  return file;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
