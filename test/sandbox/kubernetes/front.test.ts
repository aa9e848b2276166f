import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeToken, type FrontStage, get, roleKeys, startFrontStage, tokenFor, tokenUrl } from './stage.ts';

let stage: FrontStage;
beforeAll(async () => {
  stage = await startFrontStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const dev = '111111111111';
const prod = '333333333333';
const lastEvent = () => stage.world.events.all().at(-1);
const unauthorized = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
};

describe('a request', () => {
  it('with a good token reaches the API of this very cluster, as whom EKS says', async () => {
    const keys = roleKeys(stage.world, 'Forge-Developer', dev);
    const { status, text } = await stage.ask('/api/v1/pods?limit=5', {
      token: tokenFor(stage.world, { keys }),
    });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      cluster: 'dev-eks-cluster',
      path: '/api/v1/pods?limit=5',
      user: {
        username: expect.stringMatching(
          /:assumed-role\/AWSReservedSSO_Forge-Developer_[0-9a-f]{16}\/dana-tapp\.example$/,
        ),
        policies: [{ policy: 'AmazonEKSEditPolicy' }],
      },
    });
    expect(lastEvent()).toMatchObject({
      service: 'eks-auth',
      name: 'Authenticate',
      account: dev,
      principal: keys.principal.arn,
      accessKeyId: keys.accessKeyId,
      parameters: { cluster: 'dev-eks-cluster', method: 'GET', path: '/api/v1/pods' },
      errorCode: undefined,
    });
  });

  it.each([
    ['no token', () => ({})],
    ['a password', () => ({ authorization: `Basic ${Buffer.from('a:b').toString('base64')}` })],
    ['nothing after Bearer', () => ({ authorization: 'Bearer ' })],
    ['two tokens', () => ({ authorization: `Bearer ${tokenFor(stage.world)} ${tokenFor(stage.world)}` })],
    ['a token of another cluster', () => bearer(tokenFor(stage.world, { cluster: 'qa-eks-cluster' }))],
    ['a huge token', () => bearer(`k8s-aws-v1.${'A'.repeat(60_000)}`)],
    ['a token over plain http', () => bearer(encodeToken(tokenUrl(stage.world).replace('https', 'http')))],
  ])('with %s is refused, and learns nothing else', async (_, headers: () => Record<string, string>) => {
    const { status, text, headers: answered } = await stage.ask('/api', { headers: headers() });
    expect(status).toBe(401);
    expect(JSON.parse(text)).toEqual(unauthorized);
    expect(answered['content-type']).toBe('application/json');
    expect(lastEvent()).toMatchObject({
      errorCode: 'Unauthorized',
      errorMessage: expect.stringMatching(/./),
    });
  });

  it('with headers beyond all measure is refused before they are read', async () => {
    const before = stage.world.events.all().length;
    // The answer can be lost to a client that is still sending.
    const outcome = await stage.ask('/api', { headers: bearer('A'.repeat(200_000)) }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect([431, 'ECONNRESET', 'EPIPE']).toContain(outcome);
    expect(stage.world.events.all()).toHaveLength(before);
  });

  it('for its health needs no token, but a bad one is refused there too', async () => {
    for (const path of ['/healthz', '/livez', '/readyz?verbose']) {
      expect(await stage.ask(path)).toMatchObject({ status: 200, text: 'ok' });
    }
    expect((await stage.ask('/readyz', { token: 'k8s-aws-v1.AAAA' })).status).toBe(401);
    expect((await stage.ask('/version')).status).toBe(401);
  });

  it('in another’s name is refused, and not carried out in one’s own', async () => {
    for (const header of ['Impersonate-User', 'Impersonate-Group', 'impersonate-extra-scopes']) {
      const { status, text } = await stage.ask('/api', {
        token: tokenFor(stage.world),
        headers: { [header]: 'system:masters' },
      });
      expect(status).toBe(403);
      expect(JSON.parse(text)).toMatchObject({
        reason: 'Forbidden',
        message: expect.stringMatching(
          /^users "system:masters" is forbidden: User "arn:.*" cannot impersonate/,
        ),
      });
      expect(lastEvent()).toMatchObject({ errorCode: 'Forbidden', errorMessage: 'system:masters' });
    }
  });

  it('is refused from the moment its access entry or its keys are gone', async () => {
    await using own = await startFrontStage();
    const keys = roleKeys(own.world, 'Forge-Developer', dev);
    const token = tokenFor(own.world, { keys });
    expect((await own.ask('/api', { token })).status).toBe(200);
    const entries = own.cluster().accessEntries;
    const kept = entries.splice(0, entries.length);
    expect((await own.ask('/api', { token })).status).toBe(401);
    entries.push(...kept);
    expect((await own.ask('/api', { token })).status).toBe(200);
    own.world.keys.delete(keys.accessKeyId);
    expect((await own.ask('/api', { token })).status).toBe(401);
    own.world.setClockOffset(16 * 60_000);
    expect((await own.ask('/api', { token: tokenFor(own.world) })).status).toBe(200);
    expect((await own.ask('/api', { token: tokenFor(own.world, { now: Date.now() }) })).status).toBe(401);
  });

  it('never shows its token or its query in the events', async () => {
    const token = tokenFor(stage.world);
    await stage.ask('/api/v1/namespaces/default/pods/a/exec?command=echo&command=s3cret', { token });
    await stage.ask('/api', { token: `${token.slice(0, -3)}AAA` });
    const events = JSON.stringify(stage.world.events.all());
    expect(events).not.toContain('s3cret');
    expect(events).not.toContain('k8s-aws-v1');
    expect(events).not.toContain('X-Amz-Signature=');
  });
});

describe('an upgrade', () => {
  it('reaches the API with a good token and is refused without', async () => {
    expect(await upgrade({})).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n[\s\S]*"reason":"Unauthorized"/);
    expect(await upgrade(bearer(tokenFor(stage.world, { cluster: 'other' })))).toMatch(/^HTTP\/1\.1 401/);
    expect(await upgrade(bearer(tokenFor(stage.world)))).toMatch(/^HTTP\/1\.1 101[\s\S]*dana-tapp\.example$/);
    // No back door by way of the paths that are open.
    expect(await upgrade({}, '/healthz')).toMatch(/^HTTP\/1\.1 401/);
  });
});

describe('TLS', () => {
  it('is of an authority of the cluster’s own, for its address and its name', async () => {
    const { port, authority, endpointHost } = stage.cluster();
    const url = `https://127.0.0.1:${port}/healthz`;
    expect((await get(url, authority, {}, endpointHost)).status).toBe(200);
    await expect(get(url, stage.cluster('qa-eks-cluster').authority)).rejects.toThrow(
      /certificate|signature/,
    );
    await expect(get(url, undefined)).rejects.toThrow(/certificate/);
    await expect(get(url, authority, {}, 'kubernetes')).rejects.toThrow(/altnames/);
  });

  it('is all that is spoken there', async () => {
    const socket = connect(stage.cluster().port ?? 0, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await everything(socket)).not.toContain('200');
  });

  it('is refused below 1.2', async () => {
    const { port, authority } = stage.cluster();
    const old = connectTls({
      port: port ?? 0,
      host: '127.0.0.1',
      ca: authority,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    });
    const error = await new Promise<Error>((resolve) => old.once('error', resolve));
    expect(error.message).toMatch(/protocol version|no protocols/i);
  });
});

describe('a private cluster', () => {
  const privateToken = () =>
    tokenFor(stage.world, {
      cluster: 'prod-wealth-eks',
      keys: roleKeys(stage.world, 'Forge-Wealth-ReadOnly', prod, 'casey'),
    });
  const askAt = (port: number | undefined) => {
    const { authority, endpointHost } = stage.cluster('prod-wealth-eks');
    return get(`https://127.0.0.1:${port}/api`, authority, bearer(privateToken()), endpointHost);
  };

  it('does not answer from outside, unless its network is open', async () => {
    const { port } = stage.cluster('prod-wealth-eks');
    const { network } = stage.world.ssm;
    network.setDirect(prod, 'silent');
    const silent = connect(port ?? 0, '127.0.0.1');
    let heard = false;
    silent.on('data', () => {
      heard = true;
    });
    silent.write(Buffer.from('160301', 'hex'));
    network.setDirect(prod, 'closed');
    // The one after it has its answer: the first had time for one.
    await expect(askAt(port)).rejects.toThrow(/hang up|ECONNRESET|disconnected/);
    network.setDirect(prod, 'open');
    expect((await askAt(port)).status).toBe(200);
    expect(heard).toBe(false);
    silent.destroy();
    network.setDirect(prod, 'silent');
  });

  it('is where its name leads from inside its network, on 443, and from nowhere else', async () => {
    const { organisation, ssm } = stage.world;
    const { endpointHost } = stage.cluster('prod-wealth-eks');
    const instanceOf = (account: string) => {
      const found = organisation.instances.find((entry) => entry.account === account);
      if (found === undefined) throw new Error('no instance');
      return found;
    };
    const leads = (account: string, host: string, port: number) =>
      ssm.network.find(organisation, instanceOf(account), host, port);
    const inside = leads(prod, endpointHost, 443);
    expect(inside).toEqual(expect.any(Number));
    expect(leads(prod, endpointHost.toLowerCase(), 443)).toBe(inside);
    expect(leads(prod, endpointHost, 6_443)).toBeUndefined();
    expect(leads(dev, endpointHost, 443)).toBeUndefined();
    expect(leads(dev, stage.cluster().endpointHost, 443)).toEqual(expect.any(Number));
    const { status, text } = await askAt(inside as number);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ cluster: 'prod-wealth-eks' });
  });

  it('has a certificate for its name only', async () => {
    const { authority, endpointHost } = stage.cluster('prod-wealth-eks');
    const inside = stage.world.ssm.network.insidePorts.get(stage.cluster('prod-wealth-eks').port ?? 0);
    await expect(get(`https://127.0.0.1:${inside}/healthz`, authority)).rejects.toThrow(/altnames|IP/);
    expect((await get(`https://127.0.0.1:${inside}/healthz`, authority, {}, endpointHost)).status).toBe(200);
  });
});

it('the fronts end at once, whatever still hangs on them', async () => {
  const own = await startFrontStage();
  const { port } = own.cluster();
  const idle = connect(port ?? 0, '127.0.0.1');
  idle.on('error', () => {});
  await new Promise((resolve) => idle.once('connect', resolve));
  await own.ask('/healthz');
  expect(own.fronts.connections()).toBeGreaterThan(0);
  await own[Symbol.asyncDispose]();
  await expect(own.ask('/healthz')).rejects.toThrow(/ECONNREFUSED/);
});

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Status line, headers and what follows. */
function upgrade(headers: Record<string, string>, path = '/api'): Promise<string> {
  const { port, authority } = stage.cluster();
  return new Promise((resolve, reject) => {
    const outgoing = request(`https://127.0.0.1:${port}${path}`, {
      ca: authority,
      headers: { connection: 'Upgrade', upgrade: 'websocket', ...headers },
      agent: false,
    });
    const statusLine = (code: number | undefined, text = '') => `HTTP/1.1 ${code} ${text}\r\n`;
    outgoing.on('upgrade', (incoming, socket, head) => {
      void everything(socket as Socket).then((rest) =>
        resolve(statusLine(incoming.statusCode, incoming.statusMessage) + head.toString() + rest),
      );
    });
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => resolve(statusLine(incoming.statusCode, incoming.statusMessage) + text));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function everything(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
  });
}
