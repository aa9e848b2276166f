import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf, startTarget, type TcpTarget } from '../../ssm/tcp-target.ts';
import { builtForge } from '../../support/built-forge.ts';
import type { TestSandbox } from '../../support/sandbox.ts';
import { useEcho } from '../../support/use-sandbox.ts';

let sandbox: TestSandbox;
const places = [
  ['localhost', 22],
  ['localhost', 2222],
] as const;
useEcho(places, (started) => {
  sandbox = started;
});

interface Proxy {
  readonly child: ChildProcess;
  write(bytes: Uint8Array): void;
  /** So many bytes of stdout, from its beginning. */
  read(count: number): Promise<Buffer>;
  out(): Buffer;
  err(): string;
  readonly ended: Promise<number | string>;
}

const running: Proxy[] = [];
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  await admin('ssm-faults', {});
});

function serveAt(port: number, { port: localPort }: TcpTarget): void {
  sandbox.world.ssm.network.register({ instance: undefined, host: 'localhost', port, localPort });
}

async function proxy(...args: string[]): Promise<Proxy> {
  const child = spawn(process.execPath, [await builtForge(), 'ssm', 'ssh-proxy', ...args], {
    env: sandbox.environment(),
    stdio: 'pipe',
  });
  child.stdin.on('error', () => {});
  let chunks: Buffer[] = [];
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const out = () => {
    chunks = [Buffer.concat(chunks)];
    return chunks[0] ?? Buffer.alloc(0);
  };
  const started: Proxy = {
    child,
    write: (bytes) => void child.stdin.write(bytes),
    out,
    err: () => err,
    async read(count) {
      const size = () => chunks.reduce((sum, { length }) => sum + length, 0);
      await expect.poll(size, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
      return out().subarray(0, count);
    },
    ended: new Promise((resolve) => child.once('close', (code, name) => resolve(code ?? name ?? ''))),
  };
  running.push(started);
  return started;
}

const admin = (path: string, fields: object) => sandbox.admin.lever(path, fields);

function openSessions(): readonly unknown[] {
  return [...sandbox.world.ssm.sessions.values()].filter((session) => session.running !== undefined);
}

/** Until a count has grown, and then grows no more. */
async function standsStill(count: () => number): Promise<void> {
  let before = -1;
  const stands = () => {
    const now = count();
    const still = now > 0 && now === before;
    before = now;
    return still;
  };
  await expect.poll(stands, { interval: 1_500, timeout: 30_000 }).toBe(true);
}

describe('forge ssm ssh-proxy', () => {
  it('carries every byte as it is, a lone line feed too, and says nothing', async () => {
    const { write, read, child, ended, err } = await proxy('dev/web-1');
    const pieces = [
      Buffer.from('\n'),
      Buffer.from('\r'),
      Buffer.from([0x03]),
      Buffer.from([0x04]),
      Buffer.from('~.\n'),
      Buffer.concat([Buffer.alloc(1_024, 'x'), Buffer.from('\n')]),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    ];
    let sent = Buffer.alloc(0);
    for (const piece of pieces) {
      write(piece);
      sent = Buffer.concat([sent, piece]);
      expect(await read(sent.length)).toEqual(sent);
    }
    child.stdin?.end();
    expect(await ended).toBe(0);
    expect(err()).toBe('');
    expect(openSessions()).toEqual([]);
  });

  it('ends when stdin ends, with all that was sent there and the answer here', async () => {
    const data = randomBytes(300_000);
    const { child, ended, out } = await proxy('--port', '2222', 'web-1.dev.forge');
    child.stdin?.end(data);
    expect(await ended).toBe(0);
    expect(digestOf(out())).toBe(digestOf(data));
  });

  it('ends with the server, its last words included', async () => {
    const last = randomBytes(400_000);
    await using server = await startTarget((socket) => {
      socket.once('data', () => socket.end(last));
    });
    serveAt(23, server);
    const { write, ended, out, err } = await proxy('dev/web-1', '--port', '23');
    write(Buffer.from('go'));
    expect(await ended).toBe(0);
    expect(digestOf(out())).toBe(digestOf(last));
    expect(err()).toBe('');
  });

  it('a socket that is cut costs no byte', async () => {
    const data = randomBytes(6_000_000);
    const { write, read } = await proxy('dev/web-1');
    write(Buffer.from('x'));
    await read(1);
    write(data);
    for (let cut = 0; cut < 4; cut++) {
      await sleep(100);
      await admin('ssm-sessions', { action: 'cut' });
    }
    expect(digestOf((await read(data.length + 1)).subarray(1))).toBe(digestOf(data));
  });

  it('reads stdin no faster than the server does', async () => {
    await using server = await startTarget((socket) => socket.pause());
    serveAt(24, server);
    const { child } = await proxy('dev/web-1', '--port', '24');
    let taken = 0;
    const piece = randomBytes(256 * 1024);
    const fill = () => {
      child.stdin?.write(piece, (error) => {
        if (error) return;
        taken += piece.length;
        fill();
      });
    };
    fill();
    await standsStill(() => taken);
    expect(taken).toBeLessThan(40_000_000);
  });

  it('takes no more from the server than stdout does', async () => {
    let served = 0;
    await using server = await startTarget((socket) => {
      const piece = randomBytes(256 * 1024);
      const fill = () => {
        socket.write(piece, (error) => {
          if (error) return;
          served += piece.length;
          fill();
        });
      };
      socket.once('data', fill).resume();
    });
    serveAt(26, server);
    const { child, write, out } = await proxy('dev/web-1', '--port', '26');
    child.stdout?.pause();
    write(Buffer.from('go'));
    await standsStill(() => served);
    expect(served).toBeLessThan(60_000_000);
    expect(out().length).toBeLessThan(1_000_000);
    child.stdout?.resume();
    const before = served;
    await expect.poll(() => served, { timeout: 20_000 }).toBeGreaterThan(before + 10_000_000);
  }, 60_000);

  it('a session that can not be kept ends it with 6', async () => {
    const { write, read, ended, err } = await proxy('dev/web-1');
    write(Buffer.from('x'));
    await read(1);
    await sandbox.admin.fault({
      service: 'ssm',
      operation: 'ResumeSession',
      status: 400,
      error: 'DoesNotExistException',
    });
    await admin('ssm-sessions', { action: 'cut' });
    expect(await ended).toBe(6);
    await sandbox.admin.clearFaults();
    expect(err()).toMatch(/^\S.*\n/);
  });

  it("AWS's own limits end it with 7, and are said", async () => {
    const { write, read, ended, err } = await proxy('dev/web-1');
    write(Buffer.from('x'));
    await read(1);
    await admin('ssm-sessions', { action: 'end', output: 'Your session timed out due to inactivity.' });
    expect(await ended).toBe(7);
    expect(err()).toContain('timed out due to inactivity');
  });

  it('nothing listens there: said on stderr alone', async () => {
    const { ended, err, out } = await proxy('dev/web-1', '--port', '25');
    expect(await ended).not.toBe(0);
    expect(err()).toMatch(/connect/i);
    expect(out()).toHaveLength(0);
  });

  it('is hung up on by ssh without a word; Ctrl-C is for ssh alone', async () => {
    const { write, read, child, ended, err } = await proxy('dev/web-1');
    write(Buffer.from('x'));
    await read(1);
    child.kill('SIGINT');
    write(Buffer.from('y'));
    expect((await read(2)).toString()).toBe('xy');
    child.kill('SIGHUP');
    expect(await ended).toBe(0);
    expect(err()).toBe('');
    expect(openSessions()).toEqual([]);
  });

  it('the longest duration ends it with 7', async () => {
    const { ended, err } = await proxy('dev/web-1', '--max-duration', '3s');
    expect(await ended).toBe(7);
    expect(err()).toContain('has lasted 3 s');
  });

  it('says what it would do', async () => {
    const { stdout, code } = await sandbox.forge([
      'ssm',
      'ssh-proxy',
      'dev/web-1',
      '--port',
      '2222',
      '--plan',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('--document-name AWS-StartSSHSession --parameters portNumber=2222');
  });

  it.each([
    [['dev/web-1', '--port', '0'], '--port takes a port'],
    [['dev/web-1', '--port', '65536'], '--port takes a port'],
    [[], 'instance'],
    [['dev'], 'forge ssm list'],
    [['dev/nobody'], 'nobody'],
    [['dev/web-1', '--output', 'json'], 'not JSON'],
  ])('%j is a mistake of the command line', async (args, sentence) => {
    const run = await sandbox.forge(['ssm', 'ssh-proxy', ...args]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(sentence);
  });
});
