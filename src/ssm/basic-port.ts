import type { Duplex } from 'node:stream';
import { type Connections, type PortChannel, SessionOver } from './port-channel.ts';
import { PortStream } from './port-stream.ts';
import { Flag, PayloadType } from './wire/payload.ts';

/** Whoever waits for the session waits for this as well, and the agent never says that a server has ended. */
const lingerMs = 500;

/**
 * Port sessions of agents up to 3.0.196.0: the bytes of one connection, bare. Who comes while one is open waits in
 * a queue. The agent connects at the first byte, says nothing when the server closes, and connects anew at the
 * next byte.
 */
export function openBasicPort(channel: PortChannel): Connections {
  let current: PortStream | undefined;
  /** Somebody has the session, or has been promised it. */
  let taken = false;
  let roomAgain: (() => void) | undefined;
  let over: Error | undefined;
  const queue: (() => void)[] = [];

  channel.onData((payloadType, payload) => {
    if (payloadType !== PayloadType.output || current === undefined || current.receive(payload)) return;
    return new Promise<void>((resolve) => {
      roomAgain = resolve;
    });
  });
  void channel.closed.then(({ output }) => end(new SessionOver(output || 'the session has ended')));

  const drained = () => {
    roomAgain?.();
    roomAgain = undefined;
  };
  const passOn = () => {
    current = undefined;
    const next = queue.shift();
    if (next === undefined) taken = false;
    else next();
  };

  /** The next one starts when the agent has heard of this one's end, so that neither gets the other's bytes. */
  async function disconnect(): Promise<void> {
    try {
      await channel.sendFlag(Flag.disconnectToPort);
      await channel.drained();
    } catch {
      // A channel that is gone says so by `closed`.
    }
    passOn();
  }

  function open(): PortStream {
    const stream: PortStream = new PortStream(
      {
        send: (data) => {
          if (over !== undefined) return Promise.reject(over);
          return channel.send(PayloadType.output, data);
        },
        close() {
          if (over === undefined) void disconnect();
        },
        drained,
      },
      lingerMs,
    );
    current = stream;
    return stream;
  }

  async function connect(signal: AbortSignal): Promise<Duplex> {
    signal.throwIfAborted();
    if (taken) await turn(signal);
    if (over !== undefined) throw over;
    taken = true;
    return open();
  }

  /** Resolves when the session is this caller's. */
  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const called = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        queue.splice(queue.indexOf(called), 1);
        reject(signal.reason);
      };
      queue.push(called);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  function end(error?: Error): void {
    if (over !== undefined) return;
    over = error ?? new SessionOver('the session has ended');
    current?.destroy(error);
    drained();
    for (const called of queue.splice(0)) called();
  }

  return {
    get active() {
      return (taken ? 1 : 0) + queue.length;
    },
    connect,
    end,
  };
}
