import { connect, type Socket } from 'node:net';
import type { ChannelEnd, DataChannel, DataListener } from '../../src/ssm/data-channel.ts';
import { encodeFlag, Flag, PayloadType } from '../../src/ssm/wire/payload.ts';
import { encodeData, encodeFrame, FrameReader, SmuxCommand } from '../../src/ssm/wire/smux.ts';

/** A data channel in memory: what the client sends goes to `onSend`, `deliver` brings what the agent sends. */
export interface LinkedChannel {
  readonly channel: DataChannel;
  /** Resolves when the client's listener has room for more. */
  deliver(payloadType: number, payload: Buffer): Promise<void>;
  end(end: ChannelEnd): void;
  readonly sent: { payloadType: number; bytes: Buffer }[];
}

export function linkChannel(
  agentVersion: string,
  onSend: (payloadType: number, bytes: Buffer) => void | Promise<void> = () => {},
): LinkedChannel {
  const sent: { payloadType: number; bytes: Buffer }[] = [];
  let listener: DataListener = () => {};
  let over = false;
  let settle: (end: ChannelEnd) => void = () => {};
  const closed = new Promise<ChannelEnd>((resolve) => {
    settle = resolve;
  });
  const end = (how: ChannelEnd) => {
    over = true;
    settle(how);
  };
  const send = async (payloadType: number, bytes: Uint8Array) => {
    if (over) throw new Error('the channel is closed');
    const copy = Buffer.from(bytes);
    sent.push({ payloadType, bytes: copy });
    await onSend(payloadType, copy);
  };
  const channel: DataChannel = {
    sessionId: 'double',
    sessionType: 'Port',
    properties: {},
    agentVersion,
    customerMessage: '',
    state: 'ready',
    closed,
    send,
    sendFlag: (flag) => send(PayloadType.flag, encodeFlag(flag)),
    drained: () => Promise.resolve(),
    onData(given) {
      listener = given;
    },
    onState: () => ({ [Symbol.dispose]() {} }),
    stats: () => {
      throw new Error('a double has none');
    },
    async [Symbol.asyncDispose]() {
      end({ reason: 'local', output: '' });
    },
  };
  return {
    channel,
    sent,
    end,
    async deliver(payloadType, payload) {
      await listener(payloadType, payload);
    },
  };
}

/**
 * The agent's end of a mux session, after what was seen of the real one: dials at SYN, and on FIN or the server's
 * end closes both directions and says FIN. Messages have at most 1024 bytes and do not keep to frames.
 */
export function linkAgent(port: number): LinkedChannel & { readonly sockets: Map<number, Socket> } {
  const reader = new FrameReader();
  const sockets = new Map<number, Socket>();
  let outgoing = Promise.resolve();
  const reply = (payloadType: number, bytes: Buffer) => {
    outgoing = outgoing.then(async () => {
      for (let start = 0; start < bytes.length; start += 1024) {
        await link.deliver(payloadType, bytes.subarray(start, start + 1024));
      }
    });
    return outgoing;
  };
  const fin = (id: number) => {
    if (sockets.delete(id)) void reply(PayloadType.output, encodeFrame(SmuxCommand.close, id));
  };
  const dial = (id: number) => {
    const socket = connect({ port, host: '127.0.0.1' });
    sockets.set(id, socket);
    socket.on('data', (data) => {
      socket.pause();
      void reply(PayloadType.output, encodeData(id, data)).then(() => socket.resume());
    });
    socket.on('end', () => {
      socket.destroy();
      fin(id);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') void reply(PayloadType.flag, encodeFlag(Flag.connectToPortError));
      fin(id);
    });
  };
  const link = linkChannel('3.3.987.0', async (payloadType, bytes) => {
    if (payloadType !== PayloadType.output) return;
    for (const { command, streamId, payload } of reader.push(bytes)) {
      const socket = sockets.get(streamId);
      if (command === SmuxCommand.open) dial(streamId);
      else if (command === SmuxCommand.close) {
        socket?.destroy();
        fin(streamId);
      } else if (socket !== undefined && !socket.write(Buffer.from(payload))) {
        await new Promise((resolve) => {
          socket.once('drain', resolve);
          socket.once('close', resolve);
        });
      }
    }
  });
  return { ...link, sockets };
}
