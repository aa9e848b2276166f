import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { encodeFrame, SmuxCommand } from '../../../src/ssm/wire/smux.ts';
import { type SsmStage, startSsmStage } from './stage.ts';

let stage: SsmStage;
beforeAll(async () => {
  stage = await startSsmStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => stage.admin('ssm-faults', {}));

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const command = (text: string) =>
  stage.open({ document: 'AWS-StartNonInteractiveCommand', parameters: { command: [text] } });
/** 200 000 bytes: some 200 messages. */
const flood = 'head -c 200000 /dev/zero';

it('an agent that sleeps after each message sends no faster', async () => {
  await stage.admin('ssm-faults', { agentPaceMs: 2 });
  const channel = await command(flood);
  await channel.handshake();
  const start = performance.now();
  await channel.waitFor(() => channel.text(12) !== '', 'the end', 10_000);
  expect(performance.now() - start).toBeGreaterThan(390);
  expect(channel.bytes(1)).toHaveLength(200_000);
});

it('an agent that takes its time acknowledges no faster, and loses nothing', async () => {
  await stage.admin('ssm-faults', { agentTakesMs: 2 });
  const channel = await stage.open({
    document: 'AWS-StartPortForwardingSessionToRemoteHost',
    parameters: { host: ['echo'], portNumber: ['7'] },
  });
  await channel.handshake();
  const start = performance.now();
  for (let count = 0; count < 100; count++) channel.send(1, encodeFrame(SmuxCommand.keepalive, 0));
  await channel.waitFor(() => channel.acknowledgedNumbers().length === 101, 'all acknowledgements');
  expect(performance.now() - start).toBeGreaterThan(195);
  channel.close();
});

it('sockets are cut after so many bytes, as often as ordered', async () => {
  await stage.admin('ssm-faults', { cutAfterBytes: 20_000, cuts: 1 });
  const channel = await command(flood);
  await channel.handshake();
  expect((await channel.gone).code).toBe(1006);
  expect(channel.bytes(1).length).toBeLessThan(20_000);
});

it('a silent socket stays open and carries nothing, not even pongs', async () => {
  await stage.admin('ssm-faults', { silentAfterBytes: 20_000 });
  const channel = await command(flood);
  await channel.handshake();
  await pause(300);
  const length = channel.received.length;
  await pause(300);
  expect(channel.received.length).toBe(length);
  expect(channel.bytes(1).length).toBeLessThan(20_000);
  expect(await Promise.race([channel.gone, pause(50)])).toBeUndefined();
  channel.close();
});

it('pause stops the agent, and anything the client says starts it again', async () => {
  const channel = await stage.open({});
  await channel.waitFor(() => channel.text().includes('$ '), 'the prompt');
  channel.send(1, '(sleep 0.2; echo late) &\r');
  await channel.waitFor(() => channel.text().includes('late'), 'the command');
  await pause(50);
  const { sessionId } = channel;
  expect((await stage.admin('ssm-sessions', { action: 'pause', sessionId })).json).toEqual({ sessions: 1 });
  await channel.waitFor(() => channel.received.some(({ type }) => type === 'pause_publication'), 'pause');
  const before = channel.text();
  await pause(400);
  expect(channel.text()).toBe(before);
  channel.send(3, { cols: 90, rows: 30 });
  await channel.waitFor(() => /[^o] late\r\n/.test(channel.text()), 'what was held');
  await stage.admin('ssm-sessions', { action: 'end', output: 'the instance was stopped', sessionId });
  expect(await channel.closedBy).toBe('the instance was stopped');
});

it('levers refuse what they do not know', async () => {
  expect((await stage.admin('ssm-faults', { drop: 2 })).status).toBe(400);
  expect((await stage.admin('ssm-faults', { colour: 1 })).status).toBe(400);
  expect((await stage.admin('ssm-sessions', { action: 'dance' })).status).toBe(400);
  expect((await stage.admin('network', { environment: 'mars', direct: true })).status).toBe(400);
});
