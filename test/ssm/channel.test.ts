import { afterEach, describe, expect, it } from 'vitest';
import type { DataChannel } from '../../src/ssm/data-channel.ts';
import { type DataChannelOptions, openDataChannel } from '../../src/ssm/open-data-channel.ts';
import { PayloadType } from '../../src/ssm/wire/payload.ts';
import { type AgentScript, portActions, ScriptedAgent } from '../support/scripted-agent.ts';

const host = { env: {}, now: () => Date.now(), monotonic: () => performance.now() };
const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function startAgent(script: AgentScript): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.start(script);
  closing.push(agent);
  return agent;
}

async function open(agent: ScriptedAgent, options: Partial<DataChannelOptions> = {}): Promise<DataChannel> {
  const channel = await openDataChannel({ host, debug: () => {} }, agent.session, {
    signal: new AbortController().signal,
    resume: async () => agent.address,
    ...options,
  });
  closing.push(channel);
  return channel;
}

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
