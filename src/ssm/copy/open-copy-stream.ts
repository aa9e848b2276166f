import type { Access, AccessParts } from '../../access/with-access.ts';
import { ForgeError } from '../../errors.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';
import { limitSession } from '../../terminal/session-limit.ts';
import type { LocatedInstance } from '../locate-instance.ts';
import { refuseUnlogged } from '../logged-documents.ts';
import type { InstancePurpose } from '../with-instance.ts';
import { interruptible, type RemoteStream } from './remote-stream.ts';
import type { SshSaid } from './ssh-command.ts';

export interface CopyWay {
  readonly target: InstanceTarget;
  readonly purpose: InstancePurpose;
  /** Undefined: the session itself. */
  readonly ssh: SshSaid | undefined;
  /** Whether ssh may ask for a passphrase or about a host key. */
  readonly mayAsk: boolean;
  /** The longest it may last, milliseconds. */
  readonly maximumMs: number | undefined;
}

/** A shell on the instance for a copy; lost when the person interrupts, or its time is up. */
export async function openCopyStream(
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
  way: CopyWay,
): Promise<RemoteStream> {
  const { host, output, config } = parts;
  const { maximumMs } = way;
  const timeUp = new AbortController();
  const stream = interruptible(await open(), AbortSignal.any([host.signal, timeUp.signal]));
  if (maximumMs === undefined) return stream;
  const limit = limitSession({
    host,
    maximumMs,
    warn: (left) => output.warn(`The copy ends in ${durationText(left)}.`),
    end: () => timeUp.abort(copyTimeUp(instance.label, maximumMs)),
  });
  return {
    lost: stream.lost,
    send: (bytes) => stream.send(bytes),
    onData: (listener) => stream.onData(listener),
    async [Symbol.asyncDispose]() {
      limit[Symbol.dispose]();
      await stream[Symbol.asyncDispose]();
    },
  };

  async function open(): Promise<RemoteStream> {
    const { ssh, target, purpose, mayAsk } = way;
    if (ssh === undefined) {
      const { openCopySession } = await import('./session-stream.ts');
      return openCopySession(parts, access, instance);
    }
    refuseUnlogged(config, access, `A copy over ssh to ${instance.label}`);
    const { sshArguments } = await import('./ssh-command.ts');
    const { openSshStream } = await import('./ssh-stream.ts');
    const options = { configPath: config.files[0], mayAsk };
    const args = sshArguments(host, target, purpose, instance.instanceId, ssh, options);
    return openSshStream(host, args, instance.label);
  }
}

function copyTimeUp(label: string, maximumMs: number): ForgeError {
  return new ForgeError('time-up', `The connection to ${label} has lasted ${durationText(maximumMs)}.`, {
    code: 'SESSION_TIME_UP',
    hint: 'max_session in forge.yaml says how long one may last.',
  });
}
