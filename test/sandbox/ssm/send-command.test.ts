import {
  CancelCommandCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf } from '../clients.ts';
import { type SsmStage, startSsmStage } from './stage.ts';

let stage: SsmStage;
beforeAll(async () => {
  stage = await startSsmStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const send = async (script: string, rest: Partial<SendCommandCommandInput>) => {
  const { Command } = await stage.ssm().send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      Parameters: { commands: [script] },
      ...rest,
    }),
  );
  return Command?.CommandId ?? '';
};
const finished = async (CommandId: string) => {
  for (;;) {
    const { Commands } = await stage.ssm().send(new ListCommandsCommand({ CommandId }));
    const [command] = Commands ?? [];
    if (command?.Status !== 'Pending' && command?.Status !== 'InProgress' && command?.Status !== 'Cancelling')
      return command;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

describe('SendCommand', () => {
  it('runs a script on each instance that a tag means, with output and exit code', async () => {
    const id = await send('echo "on $HOSTNAME"; echo wrong >&2', {
      Targets: [{ Key: 'tag:role', Values: ['web'] }],
    });
    expect(await finished(id)).toMatchObject({ Status: 'Success', TargetCount: 2, CompletedCount: 2 });
    const { CommandInvocations } = await stage
      .ssm()
      .send(new ListCommandInvocationsCommand({ CommandId: id, Details: true }));
    expect(CommandInvocations?.map((entry) => entry.CommandPlugins?.[0]?.Output).sort()).toEqual([
      'on web-1\n\n----------ERROR-------\nwrong\n',
      'on web-2\n\n----------ERROR-------\nwrong\n',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    const invocation = await stage
      .ssm()
      .send(
        new GetCommandInvocationCommand({ CommandId: id, InstanceId: stage.instance('dev', 'web-1').id }),
      );
    expect(invocation).toMatchObject({
      Status: 'Success',
      ResponseCode: 0,
      StandardOutputContent: 'on web-1\n',
      StandardErrorContent: 'wrong\n',
    });
  });

  it('is there a moment later, with the code that the script ended with', async () => {
    const InstanceId = stage.instance('dev', 'worker').id;
    const id = await send('exit 7', { InstanceIds: [InstanceId] });
    const ask = () => stage.ssm().send(new GetCommandInvocationCommand({ CommandId: id, InstanceId }));
    expect((await failureOf(ask())).name).toBe('InvocationDoesNotExist');
    expect(await finished(id)).toMatchObject({ Status: 'Failed', ErrorCount: 1 });
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await ask()).toMatchObject({ Status: 'Failed', ResponseCode: 7 });
  });

  it('starts no more once more have failed than may', async () => {
    const id = await send('exit 1', {
      Targets: [{ Key: 'tag:Environment', Values: ['dev'] }],
      MaxConcurrency: '1',
      MaxErrors: '1',
    });
    await finished(id);
    const { CommandInvocations } = await stage
      .ssm()
      .send(new ListCommandInvocationsCommand({ CommandId: id }));
    expect(CommandInvocations?.map((entry) => entry.Status).sort()).toEqual([
      'Failed',
      'Failed',
      'Terminated',
      'Terminated',
      'Terminated',
    ]);
  });

  it('ends by CancelCommand and by executionTimeout', async () => {
    const InstanceIds = [stage.instance('dev', 'worker').id];
    const cancelled = await send('sleep 60', { InstanceIds });
    await stage.ssm().send(new CancelCommandCommand({ CommandId: cancelled }));
    expect((await finished(cancelled))?.Status).toBe('Cancelled');
    const late = await send('sleep 60', {
      InstanceIds,
      Parameters: { commands: ['sleep 60'], executionTimeout: ['1'] },
    });
    expect((await finished(late))?.Status).toBe('TimedOut');
  });

  it('refuses what AWS refuses', async () => {
    const offline = stage.instance('dev', 'report').id;
    expect((await failureOf(send('true', { InstanceIds: [offline] }))).name).toBe('InvalidInstanceId');
    expect((await failureOf(send('true', { InstanceIds: ['i-0123456789abcdef0'] }))).name).toBe(
      'InvalidInstanceId',
    );
    expect((await failureOf(send('true', {}))).name).toBe('InvalidInstanceId');
    expect((await failureOf(send('true', { DocumentName: 'No-Such', InstanceIds: [offline] }))).name).toBe(
      'InvalidDocument',
    );
    expect((await failureOf(send('true', { InstanceIds: Array(51).fill(offline) }))).name).toBe(
      'ValidationException',
    );
    const readOnly = stage.ssm(stage.keysOf('Forge-QA-ReadOnly', 'dev', 'quinn'));
    const refused = await failureOf(
      readOnly.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: [stage.instance('dev', 'web-1').id],
          Parameters: { commands: ['true'] },
        }),
      ),
    );
    expect(refused).toMatchObject({ name: 'AccessDeniedException', status: 400 });
  });

  it('reaches 200 instances once each', async () => {
    await stage.admin('ssm-instances', { count: 200, environment: 'dev' });
    const id = await send('true', { Targets: [{ Key: 'tag:role', Values: ['bulk'] }], MaxConcurrency: '50' });
    expect(await finished(id)).toMatchObject({ Status: 'Success', TargetCount: 200, CompletedCount: 200 });
    const seen = new Set<string>();
    let count = 0;
    let NextToken: string | undefined;
    do {
      const page = await stage.ssm().send(new ListCommandInvocationsCommand({ CommandId: id, NextToken }));
      for (const { InstanceId = '' } of page.CommandInvocations ?? []) {
        seen.add(InstanceId);
        count++;
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect([count, seen.size]).toEqual([200, 200]);
  });
});
