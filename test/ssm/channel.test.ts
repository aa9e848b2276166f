import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import type { DataChannel } from '../../src/ssm/data-channel.ts';
import { defaultSenderLimits } from '../../src/ssm/reliable-sender.ts';
import { encodeAgentMessage, MessageType } from '../../src/ssm/wire/agent-message.ts';
import { encodeExitCode, PayloadType, parseFlag } from '../../src/ssm/wire/payload.ts';
import { portActions, type ScriptedAgent } from '../support/scripted-agent.ts';
import { slowness } from '../support/slowness.ts';
import { createClock, open, startAgent } from './open-channel.ts';

describe('a session', () => {
  it('shakes hands, carries bytes both ways and ends', async () => {
    const heard: string[] = [];
    const agent = await startAgent({
      actions: portActions,
      customerMessage: 'Be nice.',
      onData: (_type, payload) => {
        heard.push(payload.toString());
        agent.send(PayloadType.output, Buffer.from(`echo ${payload}`));
      },
    });
    const channel = await open(agent);
    expect(channel).toMatchObject({
      sessionType: 'Port',
      agentVersion: '3.3.987.0',
      customerMessage: 'Be nice.',
      state: 'ready',
    });
    expect(channel.properties.portNumber).toBe('80');
    const said = new Promise<string>((resolve) =>
      channel.onData((_type, payload) => resolve(payload.toString())),
    );
    await channel.send(PayloadType.output, Buffer.from('hello'));
    expect(await said).toBe('echo hello');
    await channel.drained();
    expect(channel.stats()).toMatchObject({ sentMessages: 2, resentMessages: 0, droppedFrames: 0 });
    agent.closeChannel('Idle for too long');
    expect(await channel.closed).toEqual({ reason: 'remote', output: 'Idle for too long' });
    await expect(channel.send(1, Buffer.from('x'))).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect(heard).toEqual(['hello']);
  });
});

const sent = (agent: ScriptedAgent) => agent.frames.filter((one) => one.type === MessageType.input);
const acknowledgements = (agent: ScriptedAgent) =>
  agent.frames.filter((one) => one.type === MessageType.acknowledge);
const texts = (channel: DataChannel): string[] => {
  const seen: string[] = [];
  channel.onData((_type, payload) => void seen.push(payload.toString()));
  return seen;
};

describe('bytes', () => {
  it('are never altered: a lone line feed stays one', async () => {
    const heard: string[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => void heard.push(payload.toString('hex')),
    });
    const channel = await open(agent);
    await channel.send(PayloadType.output, Buffer.from('\n'));
    await channel.drained();
    await channel.send(PayloadType.output, Buffer.concat([Buffer.alloc(1_024, 1), Buffer.from('\n')]));
    await channel.drained();
    expect(heard).toEqual(['0a', '01'.repeat(1_024), '0a']);
  });

  it('of a lone write leave at once; those that stand in line fill messages', async () => {
    const sizes: number[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => void sizes.push(payload.length),
    });
    const channel = await open(agent);
    const started = performance.now();
    await channel.send(PayloadType.output, Buffer.alloc(10));
    await channel.drained();
    const took = performance.now() - started;
    expect(took).toBeLessThan(500 * (await slowness()));
    await Promise.all(
      Array.from({ length: 2_000 }, () => channel.send(PayloadType.output, Buffer.alloc(10))),
    );
    await channel.drained();
    expect(sizes[0]).toBe(10);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_010);
    // 64 under way as they came, the others full.
    expect(sizes.length).toBeLessThan(100);
    expect(Math.max(...sizes)).toBe(1_024);
    expect(sizes).not.toContain(0);
  });

  it('that the agent can not take yet are repeated until it does', async () => {
    let ready = false;
    const heard: string[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => {
        if (!ready) return false;
        heard.push(payload.toString());
      },
    });
    const channel = await open(agent);
    await channel.send(PayloadType.output, Buffer.from('first'));
    await sleep(400);
    ready = true;
    await channel.drained();
    expect(heard).toEqual(['first']);
  });
});

describe('what the agent sends', () => {
  it('is acknowledged again when it comes again, or it would be repeated for ever', async () => {
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent);
    const seen = texts(channel);
    for (let times = 0; times < 3; times++) {
      agent.sendNumbered(2, PayloadType.output, Buffer.from('once'));
      await sleep(10);
    }
    await expect.poll(() => acknowledgements(agent).length).toBe(5);
    expect(seen).toEqual(['once']);
    for (const { sequenceNumber, flags } of acknowledgements(agent)) {
      expect([sequenceNumber, flags]).toEqual([0, 3]);
    }
  });

  it('is ignored, and acknowledged if numbered, when nobody knows it', async () => {
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent);
    const seen = texts(channel);
    agent.control('agent_session_state');
    agent.control('of_the_future');
    agent.send(99, Buffer.from('?'));
    agent.send(PayloadType.output, Buffer.from('known'));
    await expect.poll(() => seen).toEqual(['known']);
    await expect.poll(() => acknowledgements(agent).length).toBe(4);
    expect(channel.state).toBe('ready');
  });

  it('is dropped without an answer when it is damaged, and counted; text frames are read as well', async () => {
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent);
    const seen = texts(channel);
    const good = encodeAgentMessage({
      type: MessageType.output,
      sequenceNumber: 2,
      flags: 0,
      messageId: 'dd01e56b-ff48-483e-a508-b5f073f31b16',
      createdAt: 1,
      payloadType: 1,
      payload: Buffer.from('good'),
    });
    const bad = Buffer.from(good);
    bad.write('evil', 120);
    agent.raw(bad);
    agent.raw(Buffer.alloc(5));
    agent.raw('text');
    agent.socket?.send(good, { binary: false });
    await expect.poll(() => seen).toEqual(['good']);
    expect(channel.stats().droppedFrames).toBe(3);
  });

  it('is delivered before the end is told, however slow the listener is', async () => {
    const agent = await startAgent({
      actions: [{ type: 'SessionType', sessionType: 'NonInteractiveCommands', properties: null }],
    });
    const channel = await open(agent);
    const seen: string[] = [];
    channel.onData(async (_type, payload) => {
      await sleep(20);
      seen.push(payload.toString());
    });
    for (const word of ['a', 'b', 'c']) agent.send(PayloadType.output, Buffer.from(word));
    agent.send(PayloadType.exitCode, encodeExitCode(7));
    agent.closeChannel();
    expect(await channel.closed).toEqual({ reason: 'remote', output: '', exitCode: 7 });
    expect(seen).toEqual(['a', 'b', 'c', 'EXIT_CODE: 7']);
  });

  it('says no more than a person reads of why it ended, or of what an organisation has to say', async () => {
    const agent = await startAgent({ actions: portActions, customerMessage: 'x'.repeat(1_000_000) });
    const channel = await open(agent);
    expect(channel.customerMessage.length).toBeLessThanOrEqual(10_000);
    agent.closeChannel('y'.repeat(1_000_000));
    expect((await channel.closed).output.length).toBeLessThanOrEqual(10_000);
  });

  it('ends the channel when the listener throws', async () => {
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent);
    channel.onData(() => {
      throw new ForgeError('failed', 'no room', { code: 'NO_ROOM' });
    });
    agent.send(PayloadType.output, Buffer.from('x'));
    expect(await channel.closed).toMatchObject({ reason: 'lost', error: { code: 'NO_ROOM' } });
  });
});

describe('a connection that ends', () => {
  it('with 1000 "Bye" is resumed: same client, new token, numbers go on, no new handshake', async () => {
    const heard: string[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => void heard.push(payload.toString()),
    });
    const lines: string[] = [];
    const channel = await open(agent, {}, (line) => lines.push(line));
    const states: string[] = [];
    channel.onState((state) => {
      states.push(state);
      if (state === 'suspended') void channel.send(PayloadType.output, Buffer.from('meanwhile'));
    });
    await channel.send(PayloadType.output, Buffer.from('before'));
    await channel.drained();
    agent.socket?.close(1000, 'Bye');
    await expect.poll(() => heard).toEqual(['before', 'meanwhile']);
    expect(states).toEqual(['suspended', 'ready']);
    expect(sent(agent).filter((one) => one.payloadType === 6)).toHaveLength(1);
    const [first, second] = agent.openings;
    expect(second?.clientId).toBe(first?.clientId);
    expect(second?.token).not.toBe(first?.token);
    expect(second?.requestId).not.toBe(first?.requestId);
    for (const secret of [first?.token, second?.token, 'data-channel/']) {
      expect(lines.join()).not.toContain(secret);
    }
  });

  it('has what was unacknowledged sent again at once, the very same bytes, oldest first', async () => {
    const heard: string[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => void heard.push(payload.toString()),
    });
    const clock = createClock();
    const channel = await open(agent, {}, undefined, clock);
    await channel.drained();
    clock.freeze();
    agent.script = { ...agent.script, mute: true };
    agent.frames.length = 0;
    for (const word of ['a', 'b', 'c']) await channel.send(PayloadType.stdErr, Buffer.from(word));
    await expect.poll(() => sent(agent).length, { interval: 5 }).toBe(3);
    const before = sent(agent);
    agent.frames.length = 0;
    agent.script = { ...agent.script, mute: false };
    agent.cut();
    await channel.drained();
    expect(heard).toEqual(['a', 'b', 'c']);
    expect(sent(agent)).toEqual(before);
  });

  it('is over when there is no token any more', async () => {
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent, { resume: async () => undefined });
    agent.cut();
    expect(await channel.closed).toMatchObject({ reason: 'lost', error: { code: 'SESSION_GONE' } });
  });

  it('is over at once when resuming is denied, and is tried again when AWS can not be reached', async () => {
    let asked = 0;
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent, {
      resume: async () => {
        asked++;
        if (asked < 3) throw new ForgeError('unreachable', 'Failed to reach AWS.', { code: 'UNREACHABLE' });
        throw new ForgeError('denied', 'Access denied.', { code: 'ACCESS_DENIED' });
      },
    });
    agent.cut();
    expect(await channel.closed).toMatchObject({ reason: 'lost', error: { code: 'ACCESS_DENIED' } });
    expect(asked).toBe(3);
  });

  it('is given up after its time', async () => {
    const agent = await startAgent({ actions: portActions });
    const channel = await open(agent, {
      resume: () =>
        Promise.reject(new ForgeError('unreachable', 'Failed to reach AWS.', { code: 'UNREACHABLE' })),
      backoff: { first: 20, most: 50, within: 200 },
    });
    agent.cut();
    expect(await channel.closed).toMatchObject({
      reason: 'lost',
      error: { code: 'SESSION_LOST', message: expect.stringContaining('Failed to reach AWS') },
    });
  });

  it('without a word is noticed by missed pongs', async () => {
    const agent = await startAgent({ actions: portActions });
    const times = { openWithin: 1_000, pingEvery: 60, pongWithin: 50 };
    const channel = await open(agent, { times });
    await sleep(300);
    expect(channel.stats().reconnects).toBe(0);
    // Frozen: TCP stays, nothing is read or answered.
    agent.socket?.pause();
    await expect.poll(() => channel.stats().reconnects, { timeout: 10_000 }).toBe(1);
  });
});

describe('an agent that is away', () => {
  it('is noticed though the service answers every ping; what it then answers is the end of that', async () => {
    let away = true;
    const agent = await startAgent({
      actions: portActions,
      onData: () => (away ? false : undefined),
    });
    const sender = { ...defaultSenderLimits, silentAfter: 200 };
    const channel = await open(agent, { limits: { sender } });
    const states: string[] = [];
    using _state = channel.onState((state) => states.push(state));
    await sleep(400);
    // Nobody waits for anything: that is no silence.
    expect(states).toEqual([]);
    await channel.send(PayloadType.output, Buffer.from('is anybody there?'));
    await expect.poll(() => states).toEqual(['paused']);
    away = false;
    await channel.drained();
    expect(states).toEqual(['paused', 'ready']);
  });

  it.each(['start_publication', 'any message'])(
    'is not pestered, and served at once after %s',
    async (sign) => {
      let away = true;
      const heard: string[] = [];
      const agent = await startAgent({
        actions: portActions,
        onData: (_type, payload) => {
          if (away) return false;
          heard.push(payload.toString());
        },
      });
      const clock = createClock();
      const channel = await open(agent, {}, undefined, clock);
      await channel.send(PayloadType.output, Buffer.from('one'));
      agent.control(MessageType.pausePublication);
      await expect.poll(() => channel.state).toBe('paused');
      const before = sent(agent).length;
      await channel.send(PayloadType.output, Buffer.from('two'));
      await sleep(500);
      // Only what the agent says can have it repeated.
      clock.freeze();
      expect(sent(agent).length).toBe(before);
      away = false;
      if (sign === 'any message') agent.send(PayloadType.output, Buffer.from('hello'));
      else agent.control(MessageType.startPublication);
      await channel.drained();
      expect(heard).toEqual(['one', 'two']);
      expect(channel.state).toBe('ready');
    },
  );
});

describe('backpressure', () => {
  it("holds an uploader at the agent's pace, in bounded memory", async () => {
    let taken = 0;
    const agent = await startAgent({
      actions: portActions,
      pace: 1,
      onData: (_type, payload) => {
        taken += payload.length;
      },
    });
    const channel = await open(agent);
    let offered = 0;
    const end = performance.now() + 1_500;
    while (performance.now() < end) {
      await channel.send(PayloadType.output, Buffer.alloc(16 * 1024));
      offered += 16 * 1024;
    }
    expect(offered - taken).toBeLessThan(700 * 1024);
    const { resentMessages, sentMessages } = channel.stats();
    // The original repeats each of them ten times a second. A busy machine may make some look lost.
    expect(resentMessages).toBeLessThan(sentMessages);
  });

  it('stops the agent when the listener is slow, keeps what came, and loses nothing', async () => {
    const agent = await startAgent({ actions: portActions, window: 100_000 });
    const inbox = { soft: 256 * 1024, hard: 512 * 1024 };
    const channel = await open(agent, { limits: { inbox } });
    let received = 0;
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    channel.onData((_type, payload) => {
      received += payload.length;
      return gate;
    });
    const total = 20 * 1024 * 1024;
    for (let offered = 0; offered < total; offered += 1_024)
      agent.send(PayloadType.output, Buffer.alloc(1_024));
    await sleep(500);
    const taken = channel.stats().receivedBytes;
    expect(taken).toBeLessThan(1024 * 1024);
    expect(received).toBe(1_024);
    go();
    await expect.poll(() => received, { timeout: 20_000 }).toBe(total);
  });

  it('does not stop acknowledgements: an upload goes on while nothing is read', async () => {
    let heard = 0;
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => {
        heard += payload.length;
      },
    });
    const channel = await open(agent, { limits: { inbox: { soft: 32 * 1024, hard: 64 * 1024 } } });
    channel.onData(() => new Promise(() => {}));
    for (let times = 0; times < 1_000; times++) agent.send(PayloadType.output, Buffer.alloc(1_024));
    await sleep(100);
    const total = 2 * 1024 * 1024;
    for (let offered = 0; offered < total; offered += 65_536) await channel.send(1, Buffer.alloc(65_536));
    await channel.drained();
    expect(heard).toBe(total);
  });
});

describe('ending it', () => {
  it('tells the agent by flag and AWS by TerminateSession, and waits for neither for long', async () => {
    const flags: (number | undefined)[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (payloadType, payload) => {
        if (payloadType === PayloadType.flag) flags.push(parseFlag(payload));
        return false;
      },
    });
    let terminated = 0;
    const channel = await open(agent, {
      terminate: () => {
        terminated++;
        return new Promise(() => {});
      },
    });
    const started = performance.now();
    await Promise.all([channel[Symbol.asyncDispose](), channel[Symbol.asyncDispose]()]);
    const took = performance.now() - started;
    expect(took).toBeLessThan(3_000 * (await slowness()));
    expect(terminated).toBe(1);
    expect(flags).toEqual([2]);
    expect(await channel.closed).toEqual({ reason: 'local', output: '' });
    expect(channel.state).toBe('closed');
  });

  it('terminates nothing that the other side has ended', async () => {
    const agent = await startAgent({ actions: portActions });
    let terminated = 0;
    const channel = await open(agent, {
      terminate: async () => {
        terminated++;
      },
    });
    agent.closeChannel();
    await channel.closed;
    await channel[Symbol.asyncDispose]();
    expect(terminated).toBe(0);
  });

  it('by signal rejects whoever waits to send', async () => {
    const controller = new AbortController();
    const agent = await startAgent({ actions: portActions, onData: () => false });
    const channel = await open(agent, { signal: controller.signal });
    const waiting = channel.send(PayloadType.output, Buffer.alloc(1024 * 1024));
    controller.abort('SIGINT');
    await expect(waiting).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect(await channel.closed).toMatchObject({ reason: 'local' });
  });

  it('ends it some time later where that is wanted, and carries what is said meanwhile', async () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const agent = await startAgent({
      actions: portActions,
      onData: (_type, payload) => void heard.push(payload.toString()),
    });
    const channel = await open(agent, { signal: controller.signal, lingerMs: 300 });
    controller.abort('SIGINT');
    await channel.send(PayloadType.output, Buffer.from('stop what runs'));
    await expect.poll(() => heard.join('')).toContain('stop what runs');
    expect(await channel.closed).toMatchObject({ reason: 'local' });
  });
});
