import type { Instance } from '../organisation.ts';
import type { CommandRunner, Invocation, SentCommand } from './command-store.ts';
import { isOver } from './describe-command.ts';
import { killGroup, type Machine } from './machine.ts';
import { findPowerShell } from './powershell.ts';
import { powerShellDocument } from './send-command.ts';

/** More than AWS keeps of any output; the rest is read and thrown away. */
const mostOutput = 64 * 1024;

/** Runs what SendCommand sent, at most so many at once, and stops when more have failed than may. */
export function createCommandRunner(machine: Machine): CommandRunner {
  const running = new Map<Invocation, number | undefined>();
  const finish = (invocation: Invocation, status: Invocation['status'], now: number) => {
    if (isOver(invocation)) return;
    invocation.status = status;
    invocation.endedAt = now;
  };
  const runOne = async (
    command: SentCommand,
    invocation: Invocation,
    instance: Instance,
    now: () => number,
  ): Promise<void> => {
    invocation.status = 'InProgress';
    invocation.startedAt = now();
    const home = await machine.home(instance);
    if (isOver(invocation)) return;
    const folder = command.parameters.workingDirectory?.[0] ?? '';
    const script = (command.parameters.commands ?? []).join('\n');
    const enter = folder === '' ? [] : ['/bin/sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', folder];
    const argv = interpreter(command, instance);
    if (typeof argv === 'string') {
      invocation.stderr = argv;
      invocation.exitCode = 1;
      return finish(invocation, 'Failed', now());
    }
    const child = machine.run([...enter, ...argv, script], instance, home);
    running.set(invocation, child.pid);
    const seconds = Number(command.parameters.executionTimeout?.[0] ?? 3_600);
    const timer = setTimeout(
      () => {
        finish(invocation, 'TimedOut', now());
        killGroup(child.pid, 'SIGKILL');
      },
      Math.min(seconds * 1_000, 2 ** 31 - 1),
    );
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (invocation.stdout.length < mostOutput) invocation.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (invocation.stderr.length < mostOutput) invocation.stderr += text;
    });
    await new Promise<void>((resolve) => {
      child.on('error', () => resolve());
      child.on('close', (code) => {
        if (!isOver(invocation)) invocation.exitCode = code ?? 137;
        finish(invocation, code === 0 ? 'Success' : 'Failed', now());
        resolve();
      });
    });
    finish(invocation, 'Failed', now());
    clearTimeout(timer);
    running.delete(invocation);
  };
  return {
    run(command, instances, now) {
      const total = command.invocations.length;
      const atOnce = Math.max(1, Math.min(50, amount(command.maxConcurrency, total)));
      const mayFail = amount(command.maxErrors, total);
      const waiting = [...command.invocations];
      const failures = () =>
        command.invocations.filter(({ status }) => status === 'Failed' || status === 'TimedOut').length;
      const work = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const invocation = next;
          if (isOver(invocation)) continue;
          const instance = instances.find((entry) => entry.id === invocation.instanceId);
          if (instance === undefined || failures() > mayFail) finish(invocation, 'Terminated', now());
          else await runOne(command, invocation, instance, now);
        }
      };
      for (let index = 0; index < Math.min(atOnce, total); index++) {
        work().catch(() => {
          // A full disk, say: what could not be started has failed.
          for (const invocation of command.invocations) finish(invocation, 'Failed', now());
        });
      }
    },
    cancel(invocations, now) {
      for (const invocation of invocations) {
        finish(invocation, 'Cancelled', now());
        killGroup(running.get(invocation), 'SIGKILL');
      }
    },
  };
}

/** The program that takes the script as its next argument; a sentence: there is none. */
function interpreter({ document }: SentCommand, instance: Instance): readonly string[] | string {
  if (document !== powerShellDocument) {
    return instance.platform === 'Windows' ? `${document} is not supported on Windows.\n` : ['/bin/sh', '-c'];
  }
  try {
    return [findPowerShell(), '-NoProfile', '-NonInteractive', '-Command'];
  } catch (error) {
    return `${error instanceof Error ? error.message : error}\n`;
  }
}

/** `10` or `10%` of the targets, rounded up as AWS does. */
function amount(text: string, total: number): number {
  return text.endsWith('%') ? Math.ceil((Number.parseInt(text, 10) / 100) * total) : Number(text);
}
