import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import type { InstancePurpose } from '../../ssm/with-instance.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import { maximumMs } from './session-options.ts';

export interface RunJob {
  readonly config: Config;
  readonly purpose: InstancePurpose;
  /** What a POSIX shell is to run. */
  readonly script: string;
  /** What followed `--`. */
  readonly words: readonly string[];
}

/** What JSON holds of each stream at most; a longer one says so. */
const mostKept = 16 * 1024 * 1024;

/** Through a session; answers the command's exit code. */
export async function runOnOne(
  context: Context,
  target: InstanceTarget,
  { config, purpose, script }: RunJob,
): Promise<number> {
  const { host, output, globals } = context;
  const { shellCommand } = await import('../../ssm/command-line.ts');
  const { commandDocument, followCommand } = await import('../../ssm/command-session.ts');
  const document = commandDocument(shellCommand(script));
  if (globals.plan) {
    const { instanceWords, planInstance, startSessionStep } = await import('../../ssm/plan-session.ts');
    const { quotePosix } = await import('../../lib/quote-posix.ts');
    const parameters = quotePosix(JSON.stringify(document.parameters));
    output.plan(
      planInstance(config, target, purpose, {
        summary: `Run a command on ${target.name}.`,
        steps: [
          startSessionStep(target, document.name),
          { kind: 'local', what: `follow ${document.parameters.command?.join(' ')} over the data channel` },
        ],
        equivalents: [
          `aws ssm start-session --target ${instanceWords(target)} --region ${target.region} --document-name ${document.name} --parameters ${parameters}`,
        ],
      }),
    );
    return 0;
  }
  const { chooserFor } = await import('./choose-instance.ts');
  const choose = chooserFor(context, target);
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withInstance } = await import('../../ssm/with-instance.ts');
  const parts = { ...identityParts(context), config };
  return withInstance(parts, target, purpose, choose, async (access, instance) => {
    const { openSession } = await import('../../ssm/terminal-session.ts');
    await using channel = await openSession(parts, access, instance, document);
    const limit = { host, maximumMs: maximumMs({}, target.environment), warn: output.warn };
    if (output.format === 'table') {
      const sinks = {
        stdout: (bytes: Buffer) => output.raw(bytes),
        stderr: (bytes: Buffer) => void host.stderr.write(bytes),
      };
      return await followCommand(channel, instance.label, sinks, host.signal, limit);
    }
    const kept = { stdout: new KeptOutput(), stderr: new KeptOutput() };
    const exitCode = await followCommand(
      channel,
      instance.label,
      { stdout: (bytes) => kept.stdout.add(bytes), stderr: (bytes) => kept.stderr.add(bytes) },
      host.signal,
      limit,
    );
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
