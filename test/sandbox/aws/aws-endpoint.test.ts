import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ListAccountsCommand } from '@aws-sdk/client-sso';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAwsEndpoint } from '../../../src/sandbox/aws/aws-endpoint.ts';
import { createWorld } from '../../../src/sandbox/world.ts';
import { slowness } from '../../support/slowness.ts';
import { type AwsStage, failureOf, startAwsStage } from '../clients.ts';

let stage: AwsStage;
beforeEach(async () => {
  stage = await startAwsStage();
});
afterEach(() => stage.endpoint.close());

const getWithHost = (host: string, path = '/start') =>
  new Promise<number | undefined>((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', port: stage.endpoint.port, path, headers: { host } },
      (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      },
    );
    call.on('error', reject).end();
  });

describe('the endpoint', () => {
  it('starts in milliseconds and closes with its connections', async () => {
    const began = performance.now();
    const endpoint = await startAwsEndpoint({ world: createWorld({ now: Date.now }) });
    const took = performance.now() - began;
    expect(took).toBeLessThan(250 * (await slowness()));
    await fetch(`${endpoint.url}/start`);
    await endpoint.close();
    await endpoint.close();
    await expect(fetch(endpoint.url)).rejects.toThrow();
  });

  it('says when its port is taken', async () => {
    const options = { world: stage.world, port: stage.endpoint.port };
    await expect(startAwsEndpoint(options)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('listens on loopback only', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address;
    if (outside === undefined) return;
    const reached = await new Promise((resolve) => {
      const socket = connect(stage.endpoint.port, outside, () => {
        socket.destroy();
        resolve(true);
      }).on('error', () => resolve(false));
    });
    expect(reached).toBe(false);
  });

  it('answers to its own names only', async () => {
    const { port } = stage.endpoint;
    expect(await getWithHost(`127.0.0.1:${port}`)).toBe(200);
    expect(await getWithHost(`localhost:${port}`)).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
      `127.0.0.1.nip.io:${port}`,
    ]) {
      expect(await getWithHost(host)).toBe(403);
      expect(await getWithHost(host, '/_sandbox/calls')).toBe(403);
    }
  });

  it('says so where it stands in for nothing', async () => {
    const reply = await fetch(`${stage.endpoint.url}/functions/dev`);
    expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException']);
  });

  it('refuses bodies that no call needs', async () => {
    const reply = await fetch(`${stage.endpoint.url}/token`, {
      method: 'POST',
      body: 'x'.repeat(300_000),
    }).catch(() => undefined);
    expect(reply?.status ?? 413).toBe(413);
    expect((await fetch(`${stage.endpoint.url}/token`, { method: 'POST', body: '[]' })).status).toBe(400);
  });

  it('shows its own clock in every reply', async () => {
    stage.world.setClockOffset(-3600_000);
    const date = (await fetch(`${stage.endpoint.url}/start`)).headers.get('date') ?? '';
    expect(Math.abs(Date.parse(date) - (Date.now() - 3600_000))).toBeLessThan(20_000);
  });
});

describe('the admin levers', () => {
  it('are not there without the token', async () => {
    const ask = async (headers: Record<string, string>) => {
      const reply = await fetch(`${stage.endpoint.url}/_sandbox/calls`, { headers });
      return [reply.status, await reply.json()];
    };
    expect(await ask({})).toEqual([404, { message: 'Not found' }]);
    expect(await ask({ 'x-forge-sandbox-admin': 'wrong' })).toEqual([404, { message: 'Not found' }]);
    expect(await ask({ 'x-forge-sandbox-admin': stage.endpoint.adminToken })).toEqual([200, {}]);
  });

  it('count calls', async () => {
    await stage.signIn('dana');
    expect((await stage.admin('GET', 'calls')).json).toEqual({
      'signin:Allow': 1,
      'signin:UserAuthentication': 1,
      'sso-oidc:CreateToken': 1,
      'sso-oidc:RegisterClient': 1,
    });
  });

  it.each<[string, string, object]>([
    [
      'an unknown person',
      'assign',
      { person: 'nobody', account: '111111111111', permissionSet: 'Forge-Admin' },
    ],
    [
      'an unknown permission set',
      'assign',
      { person: 'dana', account: '111111111111', permissionSet: 'Forge-X' },
    ],
    ['an unknown account', 'assign', { person: 'dana', account: '1', permissionSet: 'Forge-Admin' }],
    ['no number', 'clock', { offsetMs: 'much' }],
    ['no truth', 'refresh-rotation', {}],
    ['a fault without its operation', 'faults', { service: 'sts' }],
  ])('refuse %s', async (_name, path, body) => {
    expect((await stage.admin('POST', path, body)).status).toBe(400);
  });

  it('order faults: errors in the service’s own protocol, so many times', async () => {
    const who = () => stage.sts(stage.world.userKeys('ci')).send(new GetCallerIdentityCommand({}));
    await stage.admin('POST', 'faults', {
      service: 'sts',
      operation: 'GetCallerIdentity',
      status: 503,
      error: 'ServiceUnavailable',
      times: 2,
    });
    expect(await failureOf(who())).toMatchObject({ name: 'ServiceUnavailable', status: 503 });
    expect((await failureOf(who())).name).toBe('ServiceUnavailable');
    await who();
    await stage.admin('POST', 'faults', {
      service: 'sso',
      operation: '*',
      status: 429,
      error: 'TooManyRequestsException',
    });
    const list = () => stage.sso().send(new ListAccountsCommand({ accessToken: 'x' }));
    expect((await failureOf(list())).name).toBe('TooManyRequestsException');
    expect((await failureOf(list())).name).toBe('UnauthorizedException');
    await stage.admin('POST', 'faults', {
      service: 'sso-oidc',
      operation: 'RegisterClient',
      error: 'InvalidClientMetadataException',
      status: 400,
    });
    expect((await failureOf(stage.register())).name).toBe('InvalidClientMetadataException');
  });

  it('order delays and cut connections, and take faults back', async () => {
    const who = () => stage.sts(stage.world.userKeys('ci')).send(new GetCallerIdentityCommand({}));
    await stage.admin('POST', 'faults', { service: 'sts', operation: '*', delayMs: 200 });
    const began = performance.now();
    await who();
    expect(performance.now() - began).toBeGreaterThan(190);
    await stage.admin('POST', 'faults', { service: 'sts', operation: '*', drop: true });
    await expect(who()).rejects.toThrow();
    await stage.admin('POST', 'faults', { service: 'sts', operation: '*', times: 100 });
    expect((await failureOf(who())).name).toBe('InternalFailure');
    await stage.admin('DELETE', 'faults');
    await who();
  });
});
