import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestSandbox } from '../support/sandbox.ts';
import type { SecretKind, SecretLedger } from './secrets.ts';

/** Fields of the OIDC and portal APIs, in requests and in answers. */
const jsonFields: Readonly<Record<string, SecretKind>> = {
  accessToken: 'access token',
  refreshToken: 'refresh token',
  clientSecret: 'client secret',
  code: 'authorization code',
  codeVerifier: 'code verifier',
  deviceCode: 'device code',
  secretAccessKey: 'secret access key',
  sessionToken: 'session token',
};
/** Of STS, which answers in XML. */
const xmlFields: readonly (readonly [RegExp, SecretKind])[] = [
  [/<SecretAccessKey>([^<]+)</g, 'secret access key'],
  [/<SessionToken>([^<]+)</g, 'session token'],
];

/**
 * Notes every secret that is issued by the sandbox or comes to it, over HTTP and at its databases: what is looked
 * for is then what really was there, not what somebody thought of. The sandbox is in this process.
 */
export function listenToSandbox({ state, world }: TestSandbox, ledger: SecretLedger): Disposable {
  const port = Number(new URL(state.url).port);
  const onRequest = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.socket.localPort === port) note(request, response, ledger);
  };
  subscribe('http.server.request.start', onRequest);
  const verify = world.verifyRdsToken;
  world.verifyRdsToken = (request) => {
    noteDatabaseToken(request.token, ledger);
    return verify(request);
  };
  const authenticate = world.authenticateToken;
  world.authenticateToken = (cluster, token) => {
    noteBearer(token, ledger);
    return authenticate(cluster, token);
  };
  return {
    [Symbol.dispose]() {
      unsubscribe('http.server.request.start', onRequest);
      world.verifyRdsToken = verify;
      world.authenticateToken = authenticate;
    },
  };
}

/** Of a token its signature and the session token in it are secret; all else in it is names. */
export function noteDatabaseToken(token: string, ledger: SecretLedger): void {
  const query = new URLSearchParams(token.slice(token.indexOf('?') + 1));
  ledger.add('database token', query.get('X-Amz-Signature') ?? undefined);
  ledger.add('session token', query.get('X-Amz-Security-Token') ?? undefined);
}

/** The same of what kubectl gets: the token is a signed address in base64. */
export function noteClusterToken(answer: string, ledger: SecretLedger): void {
  noteBearer((JSON.parse(answer) as { readonly status: { readonly token: string } }).status.token, ledger);
}

function noteBearer(token: string, ledger: SecretLedger): void {
  const [, address = ''] = token.split('.');
  const url = Buffer.from(address, 'base64url').toString();
  if (!URL.canParse(url)) return;
  const query = new URL(url).searchParams;
  ledger.add('cluster token', address);
  ledger.add('cluster token', query.get('X-Amz-Signature') ?? undefined);
  ledger.add('session token', query.get('X-Amz-Security-Token') ?? undefined);
}

function note(request: IncomingMessage, response: ServerResponse, ledger: SecretLedger): void {
  const one = (name: string) => [request.headers[name]].flat()[0];
  ledger.add('access token', one('x-amz-sso_bearer_token'));
  ledger.add('session token', one('x-amz-security-token'));
  ledger.add('signature', /Signature=([0-9a-f]{64})/.exec(one('authorization') ?? '')?.[1]);
  const chunks: Buffer[] = [];
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk === null) noteBody(Buffer.concat(chunks).toString(), ledger);
    else chunks.push(chunk);
    return push(chunk, encoding);
  };
  const end = response.end.bind(response);
  response.end = ((body?: unknown, ...rest: []) => {
    const location = response.getHeader('location');
    ledger.add('authorization code', /[?&]code=([^&]+)/.exec(String(location ?? ''))?.[1]);
    if (typeof body === 'string') noteBody(body, ledger);
    return end(body, ...rest);
  }) as typeof response.end;
}

function noteBody(text: string, ledger: SecretLedger): void {
  for (const [pattern, kind] of xmlFields) {
    for (const [, value] of text.matchAll(pattern)) ledger.add(kind, value);
  }
  if (!text.startsWith('{')) return;
  noteJson(JSON.parse(text), ledger);
}

function noteJson(value: unknown, ledger: SecretLedger): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, content] of Object.entries(value)) {
    const kind = jsonFields[name];
    if (kind !== undefined && typeof content === 'string') ledger.add(kind, content);
    noteJson(content, ledger);
  }
}
