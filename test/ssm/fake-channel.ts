import type { ChannelEnd, ChannelState, DataChannel, DataListener } from '../../src/ssm/data-channel.ts';

export interface FakeChannel extends DataChannel {
  readonly sent: { readonly type: number; readonly bytes: Buffer }[];
  /** What was sent as keys, together. */
  readonly typed: () => string;
  receive(type: number, data: string | Uint8Array): Promise<void>;
  end(end: ChannelEnd): void;
  become(state: ChannelState): void;
  /** Holds what is sent back until the answer is called. */
  hold(): () => void;
}

/** The other side of the contract, in memory: for what stands on a channel. */
export function createFakeChannel(): FakeChannel {
  const sent: FakeChannel['sent'] = [];
  const states = new Set<(state: ChannelState) => void>();
  let listener: DataListener = () => {};
  let received = 0;
  let gate: Promise<void> | undefined;
  let end: (value: ChannelEnd) => void = () => {};
  const closed = new Promise<ChannelEnd>((resolve) => {
    end = resolve;
  });
  return {
    sessionId: 'tester-0123456789abcdef0',
    sessionType: 'Standard_Stream',
    properties: {},
    agentVersion: undefined,
    customerMessage: '',
    state: 'ready',
    closed,
    sent,
    typed: () => Buffer.concat(sent.filter(({ type }) => type === 1).map(({ bytes }) => bytes)).toString(),
    async send(type, bytes) {
      sent.push({ type, bytes: Buffer.from(bytes) });
      await gate;
    },
    sendFlag: async () => {},
    drained: async () => {},
    onData: (receiver) => {
      listener = receiver;
    },
    onState(receiver) {
      states.add(receiver);
      return { [Symbol.dispose]: () => void states.delete(receiver) };
    },
    stats: () => ({
      sentMessages: sent.length,
      sentBytes: 0,
      receivedMessages: 0,
      receivedBytes: received,
      resentMessages: 0,
      droppedFrames: 0,
      reconnects: 0,
      roundTrip: undefined,
      window: 64,
      silence: 0,
    }),
    async receive(type, data) {
      received += data.length;
      await listener(type, Buffer.from(data as string));
    },
    end: (value) => end(value),
    become: (state) => {
      for (const receiver of states) receiver(state);
    },
    hold() {
      let open = () => {};
      gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      return () => {
        gate = undefined;
        open();
      };
    },
    async [Symbol.asyncDispose]() {
      end({ reason: 'local', output: '' });
    },
  };
}
