import { expectsKeepalive } from './agent-version.ts';
import { type Connections, ConnectRefused, type PortChannel, SessionOver } from './port-channel.ts';
import { PortStream } from './port-stream.ts';
import { Flag, PayloadType, parseFlag } from './wire/payload.ts';
import { encodeData, encodeFrame, FrameReader, SmuxCommand, type SmuxFrame } from './wire/smux.ts';

const keepaliveMs = 10_000;
/** How long one reader that reads nothing may hold up the others. */
const stallMs = 30_000;
/**
 * What one connection hands over before the next gets its turn: with its header a whole number of the largest
 * messages that the agent's ends make (1024 bytes).
 */
const turnBytes = 16 * 1024 - 8;

export interface MuxOptions {
  /** What the instance connects to, for the message when it can't. */
  readonly destination: string;
  /** The far end broke the protocol: nothing that follows can be understood. */
  readonly onBroken: (error: Error) => void;
}

/** Many connections in one port session: smux version 1, the client's side, which alone opens streams. */
export function openMux(channel: PortChannel, { destination, onBroken }: MuxOptions): Connections {
  const streams = new Map<number, PortStream>();
  const reader = new FrameReader();
  /** Streams with more to read than they should hold. While there are some, the channel delivers nothing. */
  const full = new Set<PortStream>();
  let roomAgain: (() => void) | undefined;
  let stall: NodeJS.Timeout | undefined;
  /** ssm-agent counts from 3. */
  let nextId = 3;
  /** The agent's flag names no stream; the FIN that follows it does. */
  let refusals = 0;
  let over: Error | undefined;

  const send = (bytes: Buffer) => channel.send(PayloadType.output, bytes);
  /** A channel that is gone says so by `closed`. */
  const sendQuietly = (bytes: Buffer) => void send(bytes).catch(() => {});
  const keepalive = expectsKeepalive(channel.agentVersion)
    ? setInterval(() => sendQuietly(encodeFrame(SmuxCommand.keepalive, 0)), keepaliveMs)
    : undefined;

  channel.onData((payloadType, payload) => {
    if (over !== undefined) return;
    if (payloadType === PayloadType.flag) {
      if (parseFlag(payload) === Flag.connectToPortError) refusals++;
      return;
    }
    if (payloadType !== PayloadType.output) return;
    try {
      for (const frame of reader.push(payload)) receive(frame);
    } catch (error) {
      const broken = error instanceof Error ? error : new Error(String(error));
      end(broken);
      return onBroken(broken);
    }
    return full.size === 0 ? undefined : room();
  });
  void channel.closed.then(({ output }) => end(new SessionOver(output || 'the session has ended')));

  function receive({ command, streamId, payload }: SmuxFrame): void {
    const stream = streams.get(streamId);
    if (command === SmuxCommand.data) {
      if (stream !== undefined && !stream.receive(payload)) full.add(stream);
    } else if (command === SmuxCommand.close) {
      const refused = refusals > 0 && (stream === undefined || stream.received === 0);
      if (refused) refusals--;
      if (refused) stream?.destroy(new ConnectRefused(`the instance can't connect to ${destination}`));
      else stream?.endRemote();
    }
    // The agent opens no streams. An answer to each that it opened would have no end, and wait in memory.
  }

  function room(): Promise<void> {
    clearTimeout(stall);
    stall = setTimeout(giveUpOnStalled, stallMs);
    return new Promise((resolve) => {
      roomAgain = resolve;
    });
  }

  /** With nobody else waiting a reader may take its time: a pager that shows the first page, for one. */
  function giveUpOnStalled(): void {
    if (streams.size <= full.size) {
      stall?.refresh();
      return;
    }
    for (const stream of full) {
      stream.destroy(new SessionOver('it read nothing for 30 s while other connections waited for it'));
    }
  }

  function drained(stream: PortStream): void {
    if (!full.delete(stream) || full.size > 0) return;
    clearTimeout(stall);
    roomAgain?.();
    roomAgain = undefined;
  }

  function open(): PortStream {
    const id = nextId;
    // Ids are 32 bits wide; a session does not last for two milliards of connections.
    nextId += 2;
    const stream: PortStream = new PortStream({
      async send(data) {
        for (let start = 0; start < data.length; start += turnBytes) {
          if (over !== undefined) throw over;
          await send(encodeData(id, data.subarray(start, start + turnBytes)));
        }
      },
      close() {
        streams.delete(id);
        if (over === undefined) sendQuietly(encodeFrame(SmuxCommand.close, id));
      },
      drained: () => drained(stream),
    });
    streams.set(id, stream);
    sendQuietly(encodeFrame(SmuxCommand.open, id));
    return stream;
  }

  function end(error?: Error): void {
    if (over !== undefined) return;
    over = error ?? new SessionOver('the session has ended');
    clearInterval(keepalive);
    clearTimeout(stall);
    for (const stream of streams.values()) stream.destroy(error);
    streams.clear();
    roomAgain?.();
  }

  return {
    get active() {
      return streams.size;
    },
    async connect(signal) {
      signal.throwIfAborted();
      if (over !== undefined) throw over;
      return open();
    },
    end,
  };
}
