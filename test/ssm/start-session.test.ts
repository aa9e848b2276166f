import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Access, withAccess } from '../../src/access/with-access.ts';
import type { DataChannel } from '../../src/ssm/data-channel.ts';
import { type SessionRequest, startSession } from '../../src/ssm/start-session.ts';
import { PayloadType } from '../../src/ssm/wire/payload.ts';
import { configOf, type ForgeStage, filesBelow, startForgeStage } from '../identity/forge-stage.ts';

let stage: ForgeStage;
beforeAll(async () => {
  stage = await startForgeStage();
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  stage.newHome();
  await stage.signIn('dana');
  await lever('ssm-preferences', { environment: 'dev' });
  await lever('ssm-faults', {});
});

async function lever(name: string, fields: object): Promise<void> {
  const { url, adminToken } = stage.aws.endpoint;
  const response = await fetch(`${url}/_sandbox/${name}`, {
    method: 'POST',
    headers: { 'x-forge-sandbox-admin': adminToken },
    body: JSON.stringify(fields),
  });
  expect(response.status, await response.text()).toBe(200);
}

function instance(): string {
  const found = stage.aws.world.organisation.instances.find(
    (one) => one.account === '111111111111' && one.tags.Name === 'web-1',
  );
  if (found === undefined) throw new Error('no web-1');
  return found.id;
}

async function inSession<Value>(
  use: (channel: DataChannel) => Promise<Value>,
  request: Partial<SessionRequest> = {},
  change: (access: Access) => Access = (access) => access,
): Promise<Value> {
  const config = await configOf(stage.host());
  const parts = { ...stage.parts(), config };
  return withAccess(
    parts,
    {
      environment: config.environments.get('dev'),
      targetName: 'web-1',
      region: 'us-east-1',
      roles: [],
      purpose: 'ssm shell',
      reason: 'TAPP-1',
      write: false,
    },
    async (access) => {
      await using channel = await startSession(parts, change(access), { target: instance(), ...request });
      return await use(channel);
    },
  );
}

function command(line: string): Partial<SessionRequest> {
  return { documentName: 'AWS-StartInteractiveCommand', parameters: { command: [line] } };
}

async function outputOf(channel: DataChannel): Promise<string> {
  let text = '';
  channel.onData((payloadType, payload) => {
    if (payloadType === PayloadType.output) text += payload.toString();
  });
  await channel.closed;
  return text;
}

describe('a session on the sandbox', () => {
  it('runs a command to its end, and terminates nothing that is over', async () => {
    const before = stage.calls('TerminateSession');
    expect(await inSession(outputOf, command('echo hello'))).toContain('hello');
    expect(stage.calls('TerminateSession')).toBe(before);
  });

  it('tells its tokens to nobody: not with --debug, not in the journal, not when it is resumed', async () => {
    const issued = vi.spyOn(stage.aws.world.ssm, 'issueToken');
    await lever('ssm-preferences', { environment: 'dev', kms: true });
    const resumed = stage.calls('ResumeSession');
    await inSession(async (channel) => {
      await lever('ssm-sessions', { action: 'cut' });
      await expect.poll(() => stage.calls('ResumeSession')).toBe(resumed + 1);
      await expect.poll(() => channel.state).toBe('ready');
    });
    const tokens = issued.mock.results.map(({ value }) => String(value));
    expect(tokens.length).toBe(2);
    const said = stage.host().err() + stage.host().out();
    expect(said).toContain('ssm ResumeSession');
    const kept = filesBelow(stage.host().directories.home).map(({ text }) => text);
    for (const text of [said, ...kept]) {
      for (const token of tokens) expect(text).not.toContain(token.slice(0, 40));
    }
    issued.mockRestore();
  });

  it('is terminated when it is left', async () => {
    const before = stage.calls('TerminateSession');
    await inSession(async (channel) => channel.state);
    expect(stage.calls('TerminateSession')).toBe(before + 1);
  });

  it.each(['StartSession', 'GenerateDataKey'])(
    'is not left behind by Ctrl-C during %s',
    async (operation) => {
      await lever('ssm-preferences', { environment: 'dev', kms: true });
      stage.aws.world.faults.add({
        service: operation === 'StartSession' ? 'ssm' : 'kms',
        operation,
        status: 500,
        error: undefined,
        message: '',
        delayMs: 400,
        drop: false,
        times: 1,
      });
      const taken = vi.spyOn(stage.aws.world.faults, 'take');
      const { sessions } = stage.aws.world.ssm;
      const before = new Set(sessions.keys());
      const asked = stage.calls(operation);
      const opening = inSession(async () => {});
      const refused = expect(opening).rejects.toBe('SIGINT');
      await expect
        .poll(() => taken.mock.results.some(({ value }) => value?.operation === operation))
        .toBe(true);
      stage.host().interrupt();
      await refused;
      await expect.poll(() => stage.calls(operation)).toBe(asked + 1);
      const left = [...sessions.values()].filter(
        ({ id, endedAt }) => !before.has(id) && endedAt === undefined,
      );
      expect(left).toEqual([]);
      taken.mockRestore();
      stage.aws.world.faults.clear();
    },
  );

  it('is terminated also after Ctrl-C', async () => {
    const before = stage.calls('TerminateSession');
    await inSession(async (channel) => {
      stage.host().interrupt();
      expect(await channel.closed).toMatchObject({ reason: 'local' });
    });
    expect(stage.calls('TerminateSession')).toBe(before + 1);
  });

  it('is encrypted where the account asks for it, with the challenge that its agents may demand', async () => {
    await lever('ssm-preferences', { environment: 'dev', kms: true, requireChallenge: true });
    const before = stage.calls('GenerateDataKey');
    expect(await inSession(outputOf, command('echo hidden'))).toContain('hidden');
    expect(stage.calls('GenerateDataKey')).toBe(before + 1);
  });

  it('resumes after 1000 "Bye" and goes on where it was', async () => {
    const before = stage.calls('ResumeSession');
    const text = await inSession(async (channel) => {
      let seen = '';
      channel.onData((_type, payload) => {
        seen += payload.toString();
      });
      await channel.send(PayloadType.output, Buffer.from('echo one$((1+1))\r'));
      await expect.poll(() => seen, { timeout: 10_000 }).toContain('one2');
      await lever('ssm-sessions', { action: 'bye' });
      await channel.send(PayloadType.output, Buffer.from('echo three$((2+2))\r'));
      await expect.poll(() => seen, { timeout: 10_000 }).toContain('three4');
      return seen;
    });
    expect(text.indexOf('one2')).toBeLessThan(text.indexOf('three4'));
    expect(stage.calls('ResumeSession')).toBe(before + 1);
  });

  it('asks AWS with new keys where the old ones have ended', async () => {
    let renewed = 0;
    await inSession(
      async (channel) => {
        let seen = '';
        channel.onData((_type, payload) => {
          seen += payload.toString();
        });
        await lever('ssm-sessions', { action: 'cut' });
        await channel.send(PayloadType.output, Buffer.from('echo back$((3+4))\r'));
        await expect.poll(() => seen, { timeout: 10_000 }).toContain('back7');
      },
      {},
      (access) => ({
        ...access,
        credentials: { ...access.credentials, expiration: 1 },
        renew: () => {
          renewed++;
          return access.renew();
        },
      }),
    );
    expect(renewed).toBe(1);
  });
});
