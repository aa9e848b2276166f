import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SsmStage, startSsmStage } from './stage.ts';

let stage: SsmStage;
beforeAll(async () => {
  stage = await startSsmStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

it('lists the instances of the environment', async () => {
  const { InstanceInformationList } = await stage.ssm().send(new DescribeInstanceInformationCommand({}));
  expect(InstanceInformationList).toHaveLength(6);
});

it('opens a shell in a terminal: keys, output, size, end', async () => {
  const channel = await stage.open({});
  await channel.waitFor(() => channel.text().includes('$ '), 'the prompt');
  channel.send(3, { cols: 101, rows: 33 });
  channel.send(1, 'stty size; echo $((6*7))-Gruß\r');
  await channel.waitFor(() => /33 101\r\n42-Gruß\r\n/.test(channel.text()), 'the answers');
  expect(channel.received[0]).toMatchObject({ type: 'output_stream_data', sequenceNumber: 0, flags: 1 });
  channel.send(1, 'exit\r');
  expect(await channel.closedBy).toBe('');
  expect((await channel.gone).code).toBe(1000);
});
