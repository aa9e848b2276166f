import { RDSClient } from '@aws-sdk/client-rds';
import { SSOClient } from '@aws-sdk/client-sso';
import { CreateTokenCommand, RegisterClientCommand, SSOOIDCClient } from '@aws-sdk/client-sso-oidc';
import { STSClient } from '@aws-sdk/client-sts';
import {
  type AwsEndpoint,
  type AwsEndpointOptions,
  startAwsEndpoint,
} from '../../src/sandbox/aws/aws-endpoint.ts';
import type { IssuedKeys } from '../../src/sandbox/principal.ts';
import { createWorld, type World } from '../../src/sandbox/world.ts';
import { createPkce, createSandboxBrowser, type SandboxBrowser } from './sandbox-browser.ts';

/** A sandbox of AWS alone, and unmodified SDK clients pointed at it. */
export interface AwsStage extends AsyncDisposable {
  readonly world: World;
  readonly endpoint: AwsEndpoint;
  readonly browser: SandboxBrowser;
  sts(keys: Keys): STSClient;
  rds(keys: Keys, region?: string): RDSClient;
  sso(): SSOClient;
  oidc(): SSOOIDCClient;
  /** An access token by the code flow through the pages. */
  signIn(person: string): Promise<{ accessToken: string; refreshToken: string; client: RegisteredClient }>;
  register(overrides?: object): Promise<RegisteredClient>;
  admin(method: string, path: string, body?: object): Promise<{ status: number; json: unknown }>;
}

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export const callbackUrl = 'http://127.0.0.1:45678/oauth/callback';

/** `handlers`: the bundle of break-glass's handlers, to run on what happens here. */
export async function startAwsStage(
  now: () => number = Date.now,
  options: Pick<AwsEndpointOptions, 'handlers'> = {},
): Promise<AwsStage> {
  const world = createWorld({ now });
  const endpoint = await startAwsEndpoint({ world, ...options });
  const common = { endpoint: endpoint.url, region: 'us-east-1', maxAttempts: 1 };
  const browser = createSandboxBrowser(endpoint.url);
  const stage: AwsStage = {
    world,
    endpoint,
    browser,
    sts: (keys) => new STSClient({ ...common, credentials: credentialsOf(keys) }),
    rds: (keys, region = 'us-east-1') =>
      new RDSClient({ ...common, region, credentials: credentialsOf(keys) }),
    sso: () => new SSOClient(common),
    oidc: () => new SSOOIDCClient(common),
    async register(overrides = {}) {
      const { clientId = '', clientSecret = '' } = await stage.oidc().send(
        new RegisterClientCommand({
          clientName: 'test-client',
          clientType: 'public',
          grantTypes: ['authorization_code', 'refresh_token'],
          redirectUris: ['http://127.0.0.1/oauth/callback'],
          issuerUrl: world.organisation.startUrl,
          scopes: ['sso:account:access'],
          ...overrides,
        }),
      );
      return { clientId, clientSecret };
    },
    async signIn(person) {
      const client = await stage.register();
      const pkce = createPkce();
      // A browser of one's own: in a shared one the portal would still know the last person.
      const answer = await createSandboxBrowser(endpoint.url).approve(
        authorizeUrl(endpoint.url, client, pkce.challenge),
        person,
      );
      const { accessToken = '', refreshToken = '' } = await stage.oidc().send(
        new CreateTokenCommand({
          ...client,
          grantType: 'authorization_code',
          code: new URL(answer.url).searchParams.get('code') ?? '',
          codeVerifier: pkce.verifier,
          redirectUri: callbackUrl,
        }),
      );
      return { accessToken, refreshToken, client };
    },
    async admin(method, path, body) {
      const response = await fetch(`${endpoint.url}/_sandbox/${path}`, {
        method,
        headers: { 'x-forge-sandbox-admin': endpoint.adminToken },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { status: response.status, json: await response.json() };
    },
    [Symbol.asyncDispose]: () => endpoint.close(),
  };
  return stage;
}

export function authorizeUrl(
  base: string,
  client: RegisteredClient,
  challenge: string,
  overrides: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: callbackUrl,
    state: 'some-state',
    code_challenge_method: 'S256',
    scopes: 'sso:account:access',
    code_challenge: challenge,
    ...overrides,
  });
  return `${base}/authorize?${query}`;
}

export function credentialsOf(keys: Keys | IssuedKeys) {
  return {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken ? { sessionToken: keys.sessionToken } : {}),
  };
}

/** Name and text of the failure of a promise that must fail. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ name: string; message: string; status: number | undefined }> {
  try {
    await promise;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
  throw new Error('it succeeded');
}
