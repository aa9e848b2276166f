import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { killGroup } from './machine.ts';
import { Payload } from './payloads.ts';
import { findPowerShell } from './powershell.ts';
import { splitWords } from './split-words.ts';
import type { Worker, WorkerContext } from './worker.ts';

/** What is kept of merged output until the command ends. */
const mostMerged = 8 * 1024 * 1024;

/**
 * NonInteractiveCommands: words, executed without a shell or a terminal. Apart: output and errors as they come, then
 * `EXIT_CODE: n`. Merged: everything after the end, and no code.
 */
export async function startCommand(context: WorkerContext): Promise<Worker> {
  const { session, machine } = context;
  const words = splitWords(session.plan.command);
  if (words === undefined || words.length === 0) {
    throw new Error('Failed to parse the command: unmatched quote or empty.');
  }
  const home = await machine.home(session.instance);
  // On Windows the words are PowerShell's arguments.
  const argv = session.instance.platform === 'Windows' ? [findPowerShell(), ...words] : words;
  const child = machine.run(argv, session.instance, home);
  const { separateOutput } = session.plan;
  const merged: Buffer[] = [];
  let mergedBytes = 0;
  let interrupted = false;
  const listen = (stream: Readable | null, payloadType: number) => {
    stream?.on('data', (bytes: Buffer) => {
      if (separateOutput) {
        context.output(payloadType, bytes, 'characters');
        if (context.congested()) {
          stream.pause();
          context.whenDrained(() => stream.resume());
        }
      } else if (mergedBytes < mostMerged) {
        merged.push(bytes);
        mergedBytes += bytes.length;
      }
    });
  };
  listen(child.stdout, Payload.output);
  listen(child.stderr, Payload.stderr);
  child.on('error', (error) => context.finish(error.message));
  child.on('close', (code, signal) => {
    if (separateOutput) {
      const died = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      // After Ctrl-C AWS's agent says 1, whatever the program made of it.
      context.output(Payload.exitCode, Buffer.from(`EXIT_CODE: ${interrupted && died > 128 ? 1 : died}`));
    } else {
      context.output(Payload.output, Buffer.concat(merged), 'characters');
    }
    context.finish('');
  });
  return {
    take(payloadType, payload) {
      if (payloadType === Payload.output && payload.includes(0x03)) {
        interrupted = true;
        killGroup(child.pid, 'SIGINT');
      } else if (payloadType === Payload.output && payload.includes(0x1c)) {
        interrupted = true;
        killGroup(child.pid, 'SIGQUIT');
      }
      return 'taken';
    },
    kill: () => killGroup(child.pid, 'SIGKILL'),
  };
}
