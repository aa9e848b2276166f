import { expect, it } from 'vitest';
import { openDataChannel } from '../../src/ssm/open-data-channel.ts';
import { MessageType } from '../../src/ssm/wire/agent-message.ts';
import { portActions, ScriptedAgent } from '../support/scripted-agent.ts';

it('is given up where each new one only says a word and is cut again', async () => {
  await using agent = await ScriptedAgent.start({ actions: portActions });
  const host = { env: {}, now: () => Date.now(), monotonic: () => performance.now() };
  await using channel = await openDataChannel({ host, debug: () => {} }, agent.session, {
    signal: new AbortController().signal,
    resume: async () => agent.address,
    backoff: { first: 20, most: 50, within: 400 },
  });
  let seen = 0;
  const timer = setInterval(() => {
    if (agent.openings.length === seen) return;
    seen = agent.openings.length;
    agent.control(MessageType.startPublication);
    setTimeout(() => agent.cut(), 10);
  }, 5);
  try {
    expect(await channel.closed).toMatchObject({ reason: 'lost', error: { code: 'SESSION_LOST' } });
  } finally {
    clearInterval(timer);
  }
});
