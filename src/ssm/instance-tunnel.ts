import type { Duplex } from 'node:stream';
import type { AccessParts } from '../access/with-access.ts';
import type { InstanceTarget } from '../targets/resolve-instance.ts';
import type { Choose } from './locate-instance.ts';
import { openTunnel } from './tunnel.ts';
import { type InstancePurpose, withInstance } from './with-instance.ts';

/** A tunnel through an instance, with the access that it takes. Disposing ends both. */
export interface InstanceTunnel extends AsyncDisposable {
  /** For people: `bastion (i-0123456789abcdef0)`. */
  readonly through: string;
  connect(signal: AbortSignal): Promise<Duplex>;
}

/** Of several that are meant, the first that is online: they are there to stand in for each other. */
const anyOnline: Choose = async (pages) => {
  for await (const [first] of pages) if (first !== undefined) return first;
  throw new Error('a choice was asked for among no instances');
};

/** Finds the instance and opens a tunnel through it to a host and port. Throws what withInstance and openTunnel throw. */
export async function openInstanceTunnel(
  parts: AccessParts,
  target: InstanceTarget,
  purpose: InstancePurpose,
  to: { readonly host: string; readonly port: number },
): Promise<InstanceTunnel> {
  const { promise: released, resolve: release } = deferred<void>();
  const { promise: opened, resolve, reject } = deferred<Omit<InstanceTunnel, typeof Symbol.asyncDispose>>();
  const over = withInstance(parts, target, purpose, anyOnline, async (access, { instanceId, label }) => {
    await using tunnel = await openTunnel(parts, access, { instance: instanceId, ...to });
    resolve({ through: label, connect: (signal) => tunnel.connect(signal) });
    await released;
  });
  over.catch(reject);
  const open = await opened;
  return {
    ...open,
    async [Symbol.asyncDispose]() {
      release();
      await over.catch(() => {});
    },
  };
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<Value>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}
