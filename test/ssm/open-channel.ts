import { onTestFinished } from 'vitest';
import type { DataChannel } from '../../src/ssm/data-channel.ts';
import { type DataChannelOptions, openDataChannel } from '../../src/ssm/open-data-channel.ts';
import { type AgentScript, ScriptedAgent } from '../support/scripted-agent.ts';

const host = { env: {}, now: () => Date.now(), monotonic: () => performance.now() };

/** A clock that stands still from `freeze` on: what would be repeated after some time then never is. */
export function createClock() {
  let at: number | undefined;
  return {
    monotonic: () => at ?? performance.now(),
    freeze: () => {
      at = performance.now();
    },
  };
}

/** An agent that ends with the test. */
export async function startAgent(script: AgentScript): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.start(script);
  onTestFinished(() => agent[Symbol.asyncDispose]());
  return agent;
}

/** The client's end of its session, which ends with the test, before the agent does. */
export async function open(
  agent: Pick<ScriptedAgent, 'session' | 'address'>,
  options: Partial<DataChannelOptions> = {},
  debug: (line: string) => void = () => {},
  clock: Pick<typeof host, 'monotonic'> = host,
): Promise<DataChannel> {
  const channel = await openDataChannel({ host: { ...host, ...clock }, debug }, agent.session, {
    signal: new AbortController().signal,
    resume: async () => agent.address,
    ...options,
  });
  onTestFinished(() => channel[Symbol.asyncDispose]());
  return channel;
}
