import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ForgeError } from '../../errors.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import { isSameSecret } from '../../lib/same-secret.ts';
import { redact, Secret } from '../../lib/secret.ts';

/**
 * Credentials for every AWS tool, by the protocol that containers have:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 * All SDKs take plain http from 127.0.0.1, and send the token as it is.
 */
export interface CredentialServer extends AsyncDisposable {
  /** AWS_CONTAINER_CREDENTIALS_FULL_URI. */
  readonly url: string;
  /** AWS_CONTAINER_AUTHORIZATION_TOKEN. */
  readonly token: Secret;
}

const path = '/credentials';
/** Clients give up after one or two seconds. */
const patienceMs = 2_000;
const mostConnections = 128;

/** `current` throws where none are to be had: the sentence is what the tool gets to show. */
export async function startCredentialServer(
  current: () => Promise<RoleCredentials>,
): Promise<CredentialServer> {
  const token = new Secret(randomBytes(32).toString('base64url'));
  let own = '';
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: patienceMs, requestTimeout: patienceMs, keepAlive: false },
    (request, response) => {
      request.resume();
      const refused = refusal(request, own, token);
      if (refused === undefined) void answer(response, current);
      else send(response, refused, { code: 'Refused', message: 'This is not for you.' });
    },
  );
  server.maxConnections = mostConnections;
  server.maxRequestsPerSocket = 1;
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
  own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${own}${path}`,
    token,
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** A name that a web page made to lead here is in Host; the token is what nobody else has. */
function refusal(request: IncomingMessage, own: string, token: Secret): number | undefined {
  if (request.headers.host !== own) return 400;
  if (request.url !== path) return 404;
  if (request.method !== 'GET') return 405;
  return isSameSecret(request.headers.authorization ?? '', token) ? undefined : 401;
}

async function answer(response: ServerResponse, current: () => Promise<RoleCredentials>): Promise<void> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken, expiration = 0, account } = await current();
    send(response, 200, {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey.reveal(),
      Token: sessionToken?.reveal(),
      Expiration: isoSeconds(expiration),
      ...(account !== undefined && { AccountId: account }),
    });
  } catch (error) {
    const known = error instanceof ForgeError ? error : undefined;
    // The SDKs ask again after 5xx: only where that can help.
    const status = known?.kind === 'unreachable' ? 503 : known === undefined ? 500 : 403;
    const message = redact(known?.message ?? 'Failed to renew the credentials.');
    send(response, status, { code: known?.code ?? 'RenewalFailed', message });
  }
}

/** Go's SDK reads `code` and `message`, JavaScript's `Code` and `Message`; botocore prints all of it. */
function send(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  const { code, message } = body;
  const all = message === undefined ? body : { ...body, Code: code, Message: message };
  const text = JSON.stringify(all);
  response.writeHead(status, {
    'content-length': Buffer.byteLength(text),
    'content-type': 'application/json',
    'cache-control': 'no-store',
    connection: 'close',
    ...(status === 405 && { allow: 'GET' }),
  });
  response.end(text);
}
