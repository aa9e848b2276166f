import { request as httpRequest, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionOver } from '../../../src/breakglass/session/active-grant.ts';
import {
  type CredentialServer,
  startCredentialServer,
} from '../../../src/breakglass/session/credential-server.ts';
import { ForgeError } from '../../../src/errors.ts';
import type { RoleCredentials } from '../../../src/identity/role-credentials.ts';
import { Secret } from '../../../src/lib/secret.ts';

const expiration = Date.parse('2026-11-21T12:00:00.900Z');
const good: RoleCredentials = {
  accessKeyId: 'ASIAEXAMPLEEXAMPLE77',
  secretAccessKey: new Secret('secret/of+the=role'),
  sessionToken: new Secret('token-of-the-role'),
  expiration,
  source: 'the test',
  account: '444444444444',
  callerArn: undefined,
};

let current: () => Promise<RoleCredentials>;
let server: CredentialServer;
beforeEach(async () => {
  current = async () => good;
  server = await startCredentialServer(() => current());
});
afterEach(() => server[Symbol.asyncDispose]());

interface Reply {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly connection: string | undefined;
}

function ask(options: RequestOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: server.token.reveal(), ...options.headers };
    const request = httpRequest(server.url, { agent: false, ...options, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          json: text === '' ? {} : JSON.parse(text),
          connection: response.headers.connection,
        }),
      );
    });
    request.once('error', reject);
    request.end();
  });
}

describe('the credential server', () => {
  it('answers as a container does, on loopback, with whole seconds that are not after the end', async () => {
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    expect(Buffer.from(server.token.reveal(), 'base64url')).toHaveLength(32);
    const { status, json, connection } = await ask();
    expect(status).toBe(200);
    expect(json).toEqual({
      AccessKeyId: 'ASIAEXAMPLEEXAMPLE77',
      SecretAccessKey: 'secret/of+the=role',
      Token: 'token-of-the-role',
      Expiration: '2026-11-21T12:00:00Z',
      AccountId: '444444444444',
    });
    expect(connection).toBe('close');
  });

  it.each<[string, RequestOptions, number]>([
    ['no token', { headers: { authorization: '' } }, 401],
    ['another token', { headers: { authorization: 'A'.repeat(43) } }, 401],
    ['a name that leads here', { headers: { host: 'evil.example:80' } }, 400],
    ['the name localhost', { headers: { host: 'localhost' } }, 400],
    ['another path', { path: '/' }, 404],
    ['a path with a query', { path: '/credentials?x=1' }, 404],
    ['POST', { method: 'POST' }, 405],
    ['OPTIONS, as before a request of a web page', { method: 'OPTIONS' }, 405],
    ['HEAD', { method: 'HEAD' }, 405],
  ])('refuses %s', async (_, options, status) => {
    const reply = await ask(options);
    expect(reply.status).toBe(status);
    expect(JSON.stringify(reply.json)).not.toContain('secret/of');
  });

  it('says in a sentence that the session has ended, as each SDK reads it', async () => {
    current = async () => {
      throw sessionOver({ id: 'BG-1', environment: 'prod-wealth' }, { why: 'expired' });
    };
    const { status, json } = await ask();
    const message = 'The break-glass session BG-1 on prod-wealth has ended: its time is up.';
    expect(status).toBe(403);
    expect(json).toEqual({ code: 'BREAKGLASS_OVER', message, Code: 'BREAKGLASS_OVER', Message: message });
  });

  it('asks to come again where AWS was not reached, and says no secret', async () => {
    current = async () => {
      throw new ForgeError('unreachable', `No way to AWS with ${good.secretAccessKey.reveal()}.`, {
        code: 'X',
      });
    };
    const { status, json } = await ask();
    expect([status, json.message]).toEqual([503, 'No way to AWS with ***.']);
    current = async () => {
      throw new Error('a defect with details');
    };
    expect(await ask()).toMatchObject({ status: 500, json: { message: 'Failed to renew the credentials.' } });
  });

  it('is closed at once, whoever holds a connection', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('GET /cred');
    await server[Symbol.asyncDispose]();
    await closed;
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
