import { setTimeout as delay } from 'node:timers/promises';
import type { Access, AccessParts } from '../access/with-access.ts';
import type { CommandOrder } from '../aws/ssm-commands.ts';
import { ForgeError } from '../errors.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { asTheyCome } from './as-they-come.ts';
import { planWaves } from './fan-out-waves.ts';
import type { FoundInstance } from './find-instances.ts';
import { isOnline } from './locate-instance.ts';
import { within } from './within.ts';

/** How a command ended on one instance. Each instance has exactly one. */
export interface Outcome {
  readonly instanceId: string;
  readonly name: string | null;
  readonly ok: boolean;
  /** AWS's own word (`Success`, `Failed`, `TimedOut`, `Cancelled`, …); `Offline` or `NotRun`: it never got there. */
  readonly status: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** AWS kept only the beginning of one of them. */
  readonly truncated: boolean;
}

export interface FanOutOrder {
  /** The script for an instance of this platform. */
  readonly script: (platform: 'posix' | 'windows') => string;
  readonly comment: string | undefined;
  /** Instances at once. */
  readonly maxConcurrency: number;
  /** Failures after which no further instance gets it. */
  readonly maxErrors: number;
}

const firstPollMs = 300;
const longestPollMs = 3_000;
const repliesAtOnce = 8;
/** Polls in a row that may fail: the command runs on meanwhile. */
const mostFailedPolls = 5;
/** Keys that end sooner are renewed before AWS is asked again, milliseconds: commands may outlast them. */
const spare = 60_000;
/** After Ctrl-C: until the answer to a SendCommand on its way is no longer waited for. */
const lastAnswerMs = 2_000;

/**
 * AWS's Run Command on many instances, in waves that keep to the limits across all of them. Interrupted, it cancels
 * what runs, and throws the signal's reason.
 */
export async function fanOut(
  parts: AccessParts,
  access: Access,
  instances: readonly FoundInstance[],
  order: FanOutOrder,
  onOutcome: (outcome: Outcome) => Promise<void>,
): Promise<readonly Outcome[]> {
  const ssm = await import('../aws/ssm-commands.ts');
  const aws = await parts.aws();
  const { signal } = parts.host;
  const { region } = access;
  let credentials: RoleCredentials = access.credentials;
  const keys = async (): Promise<SigningKeys> => {
    const { expiration } = credentials;
    if (expiration !== undefined && expiration - aws.now() < spare) credentials = await access.renew();
    return signingKeys(credentials);
  };
  // What stops a command must not be stopped itself, nor what tells its id.
  const { env, now, monotonic } = parts.host;
  const uninterrupted = () => ({
    ...aws,
    host: { env, now, monotonic, signal: AbortSignal.timeout(35_000) },
  });
  const outcomes: Outcome[] = [];
  const sending = new Set<Promise<string>>();
  const running = new Set<string>();
  let telling: Promise<void> = Promise.resolve();
  // Waves run side by side; their output must not mix.
  const tell = (outcome: Outcome) => {
    outcomes.push(outcome);
    telling = telling.then(() => onOutcome(outcome));
    return telling;
  };
  const failed = () => outcomes.filter(({ ok, status }) => !ok && status !== 'Offline').length;
  const without = (instance: FoundInstance, status: string) =>
    tell({ ...known(instance), ...nothing, status });

  for (const instance of instances.filter((entry) => !isOnline(entry))) await without(instance, 'Offline');
  const waves = planWaves(instances.filter(isOnline), order.maxConcurrency, ssm.mostInstancesPerCommand);
  try {
    for await (const _ of asTheyCome(
      waves.map((wave) => () => runWave(wave.instances, wave.platform, wave.maxConcurrency)),
      Math.max(1, Math.floor(order.maxConcurrency / ssm.mostInstancesPerCommand)),
    ));
  } catch (error) {
    await cancelAll();
    throw error;
  }
  return outcomes;

  async function runWave(
    wave: readonly FoundInstance[],
    platform: 'posix' | 'windows',
    maxConcurrency: number,
  ) {
    const left = order.maxErrors - failed();
    if (left < 0) {
      for (const instance of wave) await without(instance, 'NotRun');
      return;
    }
    const commandId = await send({
      document: platform === 'windows' ? 'AWS-RunPowerShellScript' : 'AWS-RunShellScript',
      instanceIds: wave.map(({ instanceId }) => instanceId),
      commands: [order.script(platform)],
      comment: order.comment,
      maxConcurrency,
      maxErrors: left,
    });
    parts.output.debug(`command ${commandId} on ${wave.length} instances`);
    const waiting = new Map(wave.map((instance) => [instance.instanceId, instance]));
    let over = false;
    let failures = 0;
    for (let pause = firstPollMs; ; pause = Math.min(longestPollMs, pause * 1.4)) {
      await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
      try {
        const last = over;
        const invocations = await ssm.listInvocations(aws, region, await keys(), commandId);
        const ended = invocations.filter((entry) => entry.ended && waiting.has(entry.instanceId));
        const replies = ended.map(({ instanceId, status, details }) => async () => {
          const output = await ssm.findInvocationOutput(aws, region, await keys(), commandId, instanceId);
          return { instanceId, status, details, output };
        });
        for await (const { instanceId, status, details, output } of asTheyCome(replies, repliesAtOnce)) {
          const instance = waiting.get(instanceId);
          if (instance === undefined) continue;
          waiting.delete(instanceId);
          const ok = status === 'Success';
          await tell({
            ...known(instance),
            ok,
            status: ok ? status : details || status,
            exitCode: output?.exitCode ?? null,
            stdout: output?.stdout ?? '',
            stderr: output?.stderr ?? '',
            truncated: output?.truncated ?? false,
          });
        }
        failures = 0;
        if (waiting.size === 0) break;
        // It was over before the list was read: who is not on it by now never will be.
        if (last) {
          for (const instance of waiting.values()) await without(instance, 'NotRun');
          break;
        }
        if (invocations.every((entry) => entry.ended)) {
          over = await ssm.commandHasEnded(aws, region, await keys(), commandId);
        }
      } catch (error) {
        failures++;
        if (signal.aborted || failures > mostFailedPolls || !passes(error)) throw error;
      }
    }
    running.delete(commandId);
  }

  /** The command's id. Sent once: a second one after a lost answer would run everything twice. */
  async function send(order: CommandOrder): Promise<string> {
    for (let pause = firstPollMs; ; pause = Math.min(longestPollMs, pause * 2)) {
      signal.throwIfAborted();
      const answer = ssm.sendCommand(uninterrupted(), region, await keys(), order);
      sending.add(answer);
      answer
        .then((id) => running.add(id))
        .catch(() => {})
        .finally(() => sending.delete(answer));
      try {
        return await unlessAborted(answer, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof ForgeError)) throw error;
        if (error.kind === 'unreachable') throw outcomeUnknown(error, region);
        if (error.code !== 'THROTTLED' || pause >= longestPollMs) throw error;
      }
      await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async function cancelAll(): Promise<void> {
    // A command whose id is not known yet would run on unseen.
    await within(lastAnswerMs, Promise.allSettled([...sending]));
    if (sending.size > 0) {
      parts.output.warn(`A command may have been sent: aws ssm list-commands --region ${region}`);
    }
    const patient = { ...aws, host: { env, now, monotonic, signal: AbortSignal.timeout(5_000) } };
    await Promise.all(
      [...running].map((commandId) =>
        keys()
          .then((own) => ssm.cancelCommand(patient, region, own, commandId))
          .then(
            () => parts.output.warn(`Cancelled command ${commandId}; what had started may have had effects.`),
            () =>
              parts.output.warn(
                `Command ${commandId} may still be running: aws ssm cancel-command --command-id ${commandId} --region ${region}`,
              ),
          ),
      ),
    );
  }
}

const nothing = { ok: false, exitCode: null, stdout: '', stderr: '', truncated: false } as const;

function known({ instanceId, name }: FoundInstance) {
  return { instanceId, name: name ?? null };
}

function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function outcomeUnknown(error: ForgeError, region: string): ForgeError {
  const { kind, message, code, hint = '', cause } = error;
  const look = `Whether AWS took the command is not known, and it is not sent twice: aws ssm list-commands --region ${region}`;
  return new ForgeError(kind, message, { code, hint: `${look}\n${hint}`.trimEnd(), cause });
}

function passes(error: unknown): boolean {
  return error instanceof ForgeError && (error.kind === 'unreachable' || error.code === 'THROTTLED');
}
