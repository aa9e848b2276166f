import type { Duplex } from 'node:stream';
import type { AccessParts } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { durationText } from '../lib/duration-text.ts';
import type { InstanceTarget } from '../targets/resolve-instance.ts';
import { limitSession } from '../terminal/session-limit.ts';
import type { Choose } from './locate-instance.ts';
import { openTunnel } from './tunnel.ts';
import { type InstancePurpose, withInstance } from './with-instance.ts';

/** A tunnel through an instance, with the access that it takes. Disposing ends both. */
export interface InstanceTunnel extends AsyncDisposable {
  /** For people: `bastion (i-0123456789abcdef0)`. */
  readonly through: string;
  connect(signal: AbortSignal): Promise<Duplex>;
  /** Why it is closed, once the environment's max_session is over; what went through it is cut off. */
  readonly timeUp: ForgeError | undefined;
  /** Resolves with the same when that comes; never, where it does not. */
  readonly over: Promise<ForgeError>;
}

/**
 * After Ctrl-C the owner still asks the server to stop what it runs, and closes the tunnel then; this is for an owner
 * that does not get there.
 */
const lingerMs = 6_000;

/** Of several that are meant, the first that is online: they are there to stand in for each other. */
const anyOnline: Choose = async (pages) => {
  for await (const [first] of pages) if (first !== undefined) return first;
  throw new Error('a choice was asked for among no instances');
};

/**
 * Finds the instance and opens a tunnel through it to a host and port, for no longer than the environment's max_session.
 * Ctrl-C leaves it open for a moment: whoever has it disposes of it when all is said through it.
 * Throws what withInstance and openTunnel throw.
 */
export async function openInstanceTunnel(
  parts: AccessParts,
  target: InstanceTarget,
  purpose: InstancePurpose,
  to: { readonly host: string; readonly port: number },
): Promise<InstanceTunnel> {
  const { promise: released, resolve: release } = deferred<void>();
  const { promise: opened, resolve, reject } = deferred<Omit<InstanceTunnel, typeof Symbol.asyncDispose>>();
  const { promise: ended, resolve: end } = deferred<ForgeError>();
  const done = withInstance(parts, target, purpose, anyOnline, async (access, { instanceId, label }) => {
    await using tunnel = await openTunnel(parts, access, { instance: instanceId, ...to, lingerMs });
    let timeUp: ForgeError | undefined;
    using _limit = limitTunnel(parts, target, label, (reason) => {
      timeUp = reason;
      end(reason);
      release();
    });
    resolve({
      through: label,
      async connect(signal) {
        if (timeUp !== undefined) throw timeUp;
        return tunnel.connect(signal);
      },
      get timeUp() {
        return timeUp;
      },
      over: ended,
    });
    await released;
  });
  done.catch(reject);
  const open = await opened;
  return {
    through: open.through,
    connect: open.connect,
    over: open.over,
    get timeUp() {
      return open.timeUp;
    },
    async [Symbol.asyncDispose]() {
      release();
      await done.catch(() => {});
    },
  };
}

function limitTunnel(
  { host, output }: AccessParts,
  { environment }: InstanceTarget,
  through: string,
  end: (reason: ForgeError) => void,
): Disposable | undefined {
  if (environment?.maxSessionSeconds === undefined) return undefined;
  const maximumMs = environment.maxSessionSeconds * 1_000;
  return limitSession({
    host,
    maximumMs,
    warn: (left) => output.warn(`The tunnel through ${through} closes in ${durationText(left)}.`),
    end() {
      const message = `The tunnel through ${through} has lasted ${durationText(maximumMs)} and is closed.`;
      // A person at a prompt hears of it now, and not with the next statement.
      output.warn(message);
      end(
        new ForgeError('time-up', message, {
          code: 'SESSION_TIME_UP',
          hint: 'Run it again. max_session in forge.yaml says how long a session may last.',
        }),
      );
    },
  });
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<Value>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}
