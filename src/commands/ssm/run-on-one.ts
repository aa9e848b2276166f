import type { Access, AccessParts } from '../../access/with-access.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import type { CommandSinks } from '../../ssm/command-session.ts';
import type { LocatedInstance } from '../../ssm/locate-instance.ts';
import type { InstancePurpose } from '../../ssm/with-instance.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import type { PlanStep } from '../../terminal/plan.ts';
import { onInstance } from './on-instance.ts';
import type { Transport } from './session-options.ts';
import { maximumMs } from './session-options.ts';

export interface RunJob {
  readonly config: Config;
  readonly purpose: InstancePurpose;
  /** What a POSIX shell is to run. */
  readonly script: string;
  /** What followed `--`. */
  readonly words: readonly string[];
}

interface RunOnOneJob extends RunJob {
  readonly transport: Transport;
  /** --record */
  readonly record: boolean;
}

const platformStep: PlanStep = {
  kind: 'aws',
  call: 'ssm DescribeInstanceInformation',
  action: 'ssm:DescribeInstanceInformation',
  why: 'whether it has Windows; without leave it is taken for one that has not',
};

/** What JSON holds of each stream at most; a longer one says so. */
const mostKept = 16 * 1024 * 1024;

/** Through a session; answers the command's exit code. */
export async function runOnOne(
  context: Context,
  target: InstanceTarget,
  { config, purpose, script, words, transport, record }: RunOnOneJob,
): Promise<number> {
  const { host, output, globals } = context;
  const { powerShellCommand, powerShellScript, shellCommand } = await import('../../ssm/command-line.ts');
  const { commandDocument, followCommand } = await import('../../ssm/command-session.ts');
  const { documentsOf, plannedDocuments } = await import('../../ssm/logged-documents.ts');
  if (globals.plan) {
    const posix = commandDocument(shellCommand(script), plannedDocuments(config, target.environment)?.run);
    const { instanceWords, planInstance, startSessionStep } = await import('../../ssm/plan-session.ts');
    const { quotePosix } = await import('../../lib/quote-posix.ts');
    const parameters = quotePosix(JSON.stringify(posix.parameters));
    output.plan(
      planInstance(config, target, purpose, {
        summary: `Run a command on ${target.name}.`,
        steps: [
          ...(target.locator.kind === 'id' ? [platformStep] : []),
          startSessionStep(target, posix.name),
          {
            kind: 'local',
            what: `follow ${posix.parameters.command?.join(' ')} (PowerShell where it is Windows) ${transport === 'plugin' ? 'with session-manager-plugin' : 'over the data channel'}`,
          },
        ],
        equivalents: [
          `aws ssm start-session --target ${instanceWords(target)} --region ${target.region} --document-name ${posix.name} --parameters ${parameters}`,
        ],
      }),
    );
    return 0;
  }
  const { findPlugin } = await import('../../ssm/plugin-program.ts');
  const program = transport === 'plugin' ? await findPlugin(host) : undefined;
  return onInstance(context, { config, target, purpose }, async (parts, access, instance) => {
    if (output.format === 'table') {
      return await follow(parts, access, instance, {
        stdout: (bytes) => output.raw(bytes),
        stderr: (bytes) => void host.stderr.write(bytes),
      });
    }
    const kept = { stdout: new KeptOutput(), stderr: new KeptOutput() };
    const exitCode = await follow(parts, access, instance, {
      stdout: (bytes) => kept.stdout.add(bytes),
      stderr: (bytes) => kept.stderr.add(bytes),
    });
    output.result({
      data: {
        instanceId: instance.instanceId,
        exitCode,
        stdout: kept.stdout.text(),
        stderr: kept.stderr.text(),
        truncated: kept.stdout.truncated || kept.stderr.truncated,
      },
      text: () => '',
    });
    return exitCode;
  });

  async function follow(
    parts: AccessParts,
    access: Access,
    instance: LocatedInstance,
    shown: CommandSinks,
  ): Promise<number> {
    const { recordShell } = await import('../../ssm/record-shell.ts');
    const order = { purpose: 'ssm run', size: { columns: 80, rows: 24 }, asked: record, plainLines: true };
    await using recording = await recordShell(host, access, order);
    const sinks: CommandSinks = {
      stdout: async (bytes) => void (await Promise.all([shown.stdout(bytes), recording?.output(bytes)])),
      stderr: async (bytes) =>
        void (await Promise.all([shown.stderr(bytes), recording?.output(bytes, 'stderr')])),
    };
    const { findPlatform } = await import('../../ssm/find-platform.ts');
    const line =
      (await findPlatform(parts, access, instance)) === 'windows'
        ? powerShellCommand(powerShellScript(words))
        : shellCommand(script);
    const document = commandDocument(line, documentsOf(config, access)?.run);
    const limit = { host, maximumMs: maximumMs({}, target.environment), warn: output.warn };
    if (program !== undefined) {
      const { runPluginCommand } = await import('../../ssm/plugin-command.ts');
      const { name: documentName, parameters } = document;
      const order = { program, instance, document: { documentName, parameters } };
      return runPluginCommand(parts, access, order, sinks.stdout, limit);
    }
    const { openSession } = await import('../../ssm/terminal-session.ts');
    await using channel = await openSession(parts, access, instance, document);
    return await followCommand(channel, instance.label, sinks, host.signal, limit);
  }
}

class KeptOutput {
  readonly #chunks: Buffer[] = [];
  #size = 0;
  truncated = false;

  add(bytes: Buffer): void {
    const room = mostKept - this.#size;
    if (bytes.length > room) this.truncated = true;
    if (room <= 0) return;
    this.#chunks.push(bytes.subarray(0, room));
    this.#size += Math.min(room, bytes.length);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
