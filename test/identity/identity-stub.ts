import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A small, strict Identity Center on loopback that counts its calls and can be told to misbehave: for what must be
 * counted or forced. That the real shapes are right is proved against the sandbox and the aws CLI.
 */
export interface IdentityStub extends AsyncDisposable {
  readonly url: string;
  readonly calls: Map<string, number>;
  readonly bodies: { readonly operation: string; readonly body: Record<string, unknown> }[];
  /** Answers for the next calls of an operation, before it acts: [status, error name, description]. */
  readonly failures: Map<string, (readonly [number, string, string] | 'hang' | 'break')[]>;
  readonly settings: {
    /** Whether a renewal brings the next refresh token, and ends the one used. */
    rotate: boolean;
    lifetimeSeconds: number;
    delayMilliseconds: number;
    /** Milliseconds that the Date header is ahead. */
    skew: number;
    interval: number;
    refuseBrowser: boolean;
    /** Whether someone has confirmed the device code. */
    approved: boolean;
  };
  readonly refreshTokens: Set<string>;
  readonly accessTokens: Set<string>;
  count(operation: string): number;
}

export const canary = 'CANARY';

export async function startIdentityStub(): Promise<IdentityStub> {
  const clients = new Map<string, { secret: string; grants: string[]; redirects: string[] }>();
  const codes = new Map<string, { challenge: string; redirect: string; client: string }>();
  const stub = {
    calls: new Map<string, number>(),
    bodies: [] as { operation: string; body: Record<string, unknown> }[],
    failures: new Map<string, (readonly [number, string, string] | 'hang' | 'break')[]>(),
    settings: {
      rotate: true,
      lifetimeSeconds: 3600,
      delayMilliseconds: 0,
      skew: 0,
      // Less than AWS would ever say: nobody wants to wait for tests.
      interval: 0.05,
      refuseBrowser: false,
      approved: true,
    },
    refreshTokens: new Set<string>(),
    accessTokens: new Set<string>(),
    count: (operation: string) => stub.calls.get(operation) ?? 0,
  };
  const secret = (kind: string) => `${canary}-${kind}-${randomUUID()}`;

  function issue(): Record<string, unknown> {
    const accessToken = secret('access');
    const refreshToken = secret('refresh');
    stub.accessTokens.add(accessToken);
    stub.refreshTokens.add(refreshToken);
    return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: stub.settings.lifetimeSeconds };
  }

  function token(body: Record<string, string>): [number, unknown] {
    const client = clients.get(body.clientId ?? '');
    if (client?.secret !== body.clientSecret || client === undefined)
      return fail(401, 'InvalidClientException');
    if (body.grantType === 'refresh_token') {
      if (!stub.refreshTokens.has(body.refreshToken ?? '')) return fail(400, 'InvalidGrantException');
      if (!stub.settings.rotate) return [200, { ...issue(), refreshToken: undefined }];
      stub.refreshTokens.delete(body.refreshToken ?? '');
      return [200, issue()];
    }
    if (body.grantType === 'authorization_code') {
      const code = codes.get(body.code ?? '');
      codes.delete(body.code ?? '');
      const challenge = createHash('sha256')
        .update(body.codeVerifier ?? '')
        .digest('base64url');
      const good = code?.challenge === challenge && code.redirect === body.redirectUri;
      return good ? [200, issue()] : fail(400, 'InvalidGrantException');
    }
    if (client.grants.length > 0) return fail(400, 'UnauthorizedClientException');
    return stub.settings.approved ? [200, issue()] : fail(400, 'AuthorizationPendingException');
  }

  function act(operation: string, body: Record<string, string>, request: IncomingMessage): [number, unknown] {
    const url = new URL(request.url ?? '', 'http://stub');
    const bearer = String(request.headers['x-amz-sso_bearer_token'] ?? '');
    switch (operation) {
      case 'RegisterClient': {
        const id = randomUUID();
        const lists = body as unknown as { grantTypes?: string[]; redirectUris?: string[] };
        const client = {
          secret: secret('client'),
          grants: lists.grantTypes ?? [],
          redirects: lists.redirectUris ?? [],
        };
        clients.set(id, client);
        const now = Math.floor(Date.now() / 1000);
        return [
          200,
          {
            clientId: id,
            clientSecret: client.secret,
            clientIdIssuedAt: now,
            clientSecretExpiresAt: now + 90 * 86_400,
          },
        ];
      }
      case 'StartDeviceAuthorization':
        return [
          200,
          {
            deviceCode: secret('device'),
            userCode: 'ABCD-EFGH',
            verificationUri: `${address}/device`,
            verificationUriComplete: `${address}/device?user_code=ABCD-EFGH`,
            expiresIn: 600,
            interval: stub.settings.interval,
          },
        ];
      case 'CreateToken':
        return token(body);
    }
    if (!stub.accessTokens.has(bearer)) return fail(401, 'UnauthorizedException');
    switch (operation) {
      case 'Logout':
        stub.accessTokens.clear();
        stub.refreshTokens.clear();
        return [200, {}];
      case 'ListAccounts':
        return [
          200,
          {
            accountList: [
              { accountId: '111111111111', accountName: 'dev', emailAddress: 'dev@tapp.example' },
            ],
          },
        ];
      case 'ListAccountRoles':
        return [200, { roleList: [{ roleName: 'Forge-Developer', accountId: '111111111111' }] }];
      case 'GetRoleCredentials': {
        const role = url.searchParams.get('role_name');
        if (role !== 'Forge-Developer') return fail(403, 'ForbiddenException', 'No access');
        const roleCredentials = {
          accessKeyId: 'ASIAEXAMPLEEXAMPLE00',
          secretAccessKey: secret('key'),
          sessionToken: secret('session'),
          expiration: Date.now() + 3_600_000,
        };
        return [200, { roleCredentials }];
      }
    }
    return fail(404, 'ResourceNotFoundException');
  }

  /** The browser's side: allow at once and go back. */
  function authorize(url: URL, response: ServerResponse): void {
    const redirect = new URL(url.searchParams.get('redirect_uri') ?? '');
    const client = clients.get(url.searchParams.get('client_id') ?? '');
    const plain = `http://${redirect.hostname}${redirect.pathname}`;
    if (!client?.redirects.includes(plain) || url.searchParams.get('code_challenge_method') !== 'S256') {
      response.writeHead(400).end('bad authorize request');
      return;
    }
    redirect.searchParams.set('state', url.searchParams.get('state') ?? '');
    if (stub.settings.refuseBrowser) redirect.searchParams.set('error', 'access_denied');
    else {
      const code = secret('code');
      codes.set(code, {
        challenge: url.searchParams.get('code_challenge') ?? '',
        redirect: url.searchParams.get('redirect_uri') ?? '',
        client: url.searchParams.get('client_id') ?? '',
      });
      redirect.searchParams.set('code', code);
    }
    response.writeHead(302, { location: redirect.href }).end();
  }

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '', 'http://stub');
    if (url.pathname === '/authorize') return authorize(url, response);
    const operation =
      operations[`${request.method} ${url.pathname}`] ?? new URLSearchParams(text).get('Action') ?? 'unknown';
    stub.calls.set(operation, stub.count(operation) + 1);
    const body = text.startsWith('{') ? (JSON.parse(text) as Record<string, string>) : {};
    stub.bodies.push({ operation, body });
    await new Promise((resolve) => setTimeout(resolve, stub.settings.delayMilliseconds));
    const failure = stub.failures.get(operation)?.shift();
    if (failure === 'hang') return;
    if (failure === 'break') return void request.socket.destroy();
    response.setHeader('date', new Date(Date.now() + stub.settings.skew).toUTCString());
    response.setHeader('x-amzn-requestid', 'request-1');
    if (operation === 'GetCallerIdentity') {
      response.setHeader('content-type', 'text/xml');
      response.end(callerIdentity);
      return;
    }
    const [status, answer] = failure === undefined ? act(operation, body, request) : fail(...failure);
    if (status !== 200) {
      response.setHeader('x-amzn-errortype', (answer as { __type: string }).__type);
    }
    response.setHeader('content-type', 'application/json');
    response.writeHead(status).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...stub,
    url: address,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function fail(status: number, name: string, description = ''): [number, unknown] {
  const error = name.replace(/Exception$/, '').replace(/(?<!^)([A-Z])/g, '_$1');
  return [
    status,
    { __type: name, error: error.toLowerCase(), error_description: description, message: description },
  ];
}

const operations: Readonly<Record<string, string>> = {
  'POST /client/register': 'RegisterClient',
  'POST /device_authorization': 'StartDeviceAuthorization',
  'POST /token': 'CreateToken',
  'POST /logout': 'Logout',
  'GET /assignment/accounts': 'ListAccounts',
  'GET /assignment/roles': 'ListAccountRoles',
  'GET /federation/credentials': 'GetRoleCredentials',
};

const callerIdentity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Forge-Developer_0123456789abcdef/dana@tapp.example</Arn>
<UserId>AROAEXAMPLE:dana@tapp.example</UserId><Account>111111111111</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;
