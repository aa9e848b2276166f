import type { ChildProcess } from 'node:child_process';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { escapeForTerminal } from '../../lib/escape-for-terminal.ts';
import { bootstrap } from './remote-program.ts';
import { cutEarly, type RemoteStream } from './remote-stream.ts';

/** Of what ssh says, the end is kept. */
const mostSaid = 4_000;

/** A shell on the instance through the system's ssh, whose arguments are given. Throws SSH_MISSING. */
export async function openSshStream(
  host: Pick<Host, 'env' | 'platform' | 'spawn'>,
  args: readonly string[],
  label: string,
): Promise<RemoteStream> {
  const { findProgram } = await import('../../files/find-program.ts');
  const program = findProgram(host, 'ssh');
  if (program === undefined) {
    throw new ForgeError('failed', 'There is no ssh in PATH.', {
      code: 'SSH_MISSING',
      hint: 'Install OpenSSH, or leave out --ssh, --identity and --user: a session needs neither.',
    });
  }
  const stream = processStream(host.spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] }), label);
  // The person's own shell there may be any; sh reads its program from where the requests come.
  await stream.send(Buffer.from(`${bootstrap}\n`));
  return stream;
}

/** A child's stdin and stdout; what it says on stderr stands in the error when it ends. */
export function processStream(child: ChildProcess, label: string): RemoteStream {
  const { stdin, stdout, stderr } = child;
  let said = '';
  let fail: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  lost.catch(() => {});
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-mostSaid);
  });
  // It ends, and says why itself.
  stdin?.on('error', () => {});
  child.once('error', (error) => fail(sshFailed(label, error.message)));
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      fail(code === 0 || said.trim() === '' ? cutEarly(label) : sshFailed(label, said.trim()));
      resolve();
    });
    child.once('error', () => resolve());
  });
  return {
    lost,
    send: (bytes) =>
      new Promise((resolve) => {
        if (stdin === null || stdin.write(bytes)) return resolve();
        const settle = () => {
          stdin.removeListener('drain', settle).removeListener('close', settle);
          resolve();
        };
        stdin.on('drain', settle).on('close', settle);
      }),
    onData: (listener) =>
      void stdout?.on('data', (bytes: Buffer) => {
        const busy = listener(bytes);
        if (busy === undefined) return;
        stdout.pause();
        busy.then(
          () => stdout.resume(),
          (error: Error) => {
            fail(error);
            child.kill();
          },
        );
      }),
    async [Symbol.asyncDispose]() {
      stdin?.end();
      child.kill();
      await ended;
    },
  };
}

function sshFailed(label: string, said: string): ForgeError {
  return new ForgeError('unreachable', `ssh to ${label} has failed: ${escapeForTerminal(said)}`, {
    code: 'SSH_FAILED',
    hint: 'Check the key and the user (--identity, --user), or leave them out: a session needs neither.',
  });
}
