import {
  CreateTokenCommand,
  type CreateTokenCommandInput,
  RegisterClientCommand,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc';
import { Secret } from '../lib/secret.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** OAuth 2.0 of IAM Identity Center. `region` is Identity Center's; none of these calls is signed. */

export interface RegisterClientRequest {
  readonly clientName: string;
  readonly scopes: readonly string[];
  /** For the authorization code flow; without it the client may only use device codes. */
  readonly authorizationCode?: { readonly redirectUri: string; readonly issuerUrl: string } | undefined;
}

export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** Epoch milliseconds; AWS says about 90 days. */
  readonly expiresAt: number;
}

export async function registerClient(
  aws: Aws,
  region: string,
  request: RegisterClientRequest,
): Promise<RegisteredClient> {
  const client = new SSOOIDCClient(aws.clientConfig('sso_oidc', region, undefined));
  const { authorizationCode } = request;
  const command = new RegisterClientCommand({
    clientName: request.clientName,
    clientType: 'public',
    ...(request.scopes.length > 0 ? { scopes: [...request.scopes] } : {}),
    ...(authorizationCode === undefined
      ? {}
      : {
          grantTypes: ['authorization_code', 'refresh_token'],
          redirectUris: [authorizationCode.redirectUri],
          issuerUrl: authorizationCode.issuerUrl,
        }),
  });
  const call = { service: 'sso_oidc', operation: 'RegisterClient', region } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  const { clientId, clientSecret, clientSecretExpiresAt } = output;
  if (!clientId || !clientSecret || !clientSecretExpiresAt) {
    throw incompleteReply('sso-oidc RegisterClient', 'client');
  }
  return { clientId, clientSecret: new Secret(clientSecret), expiresAt: clientSecretExpiresAt * 1000 };
}

export interface DeviceAuthorization {
  readonly deviceCode: Secret;
  /** What the person compares with the page, e.g. `ABCD-EFGH`. */
  readonly userCode: string;
  readonly verificationUri: string;
  /** The same with the code filled in. */
  readonly verificationUriComplete: string;
  /** Milliseconds. */
  readonly lifetime: number;
  readonly interval: number;
}

export async function startDeviceAuthorization(
  aws: Aws,
  region: string,
  request: { readonly client: RegisteredClient; readonly startUrl: string },
): Promise<DeviceAuthorization> {
  const client = new SSOOIDCClient(aws.clientConfig('sso_oidc', region, undefined));
  const command = new StartDeviceAuthorizationCommand({
    clientId: request.client.clientId,
    clientSecret: request.client.clientSecret.reveal(),
    startUrl: request.startUrl,
  });
  const call = { service: 'sso_oidc', operation: 'StartDeviceAuthorization', region } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  const { deviceCode, userCode, verificationUri, verificationUriComplete, expiresIn, interval } = output;
  if (!deviceCode || !userCode || !verificationUri) {
    throw incompleteReply('sso-oidc StartDeviceAuthorization', 'device code');
  }
  return {
    deviceCode: new Secret(deviceCode),
    userCode,
    verificationUri,
    verificationUriComplete: verificationUriComplete ?? verificationUri,
    lifetime: (expiresIn ?? 600) * 1000,
    // RFC 8628, 3.5: five seconds where the server names none.
    interval: (interval ?? 5) * 1000,
  };
}

export type TokenGrant =
  | {
      readonly kind: 'authorization-code';
      readonly code: Secret;
      readonly verifier: Secret;
      readonly redirectUri: string;
    }
  | { readonly kind: 'device-code'; readonly deviceCode: Secret }
  | { readonly kind: 'refresh-token'; readonly refreshToken: Secret };

export interface CreatedToken {
  readonly accessToken: Secret;
  /** Milliseconds from now. */
  readonly lifetime: number;
  readonly refreshToken: Secret | undefined;
}

/** Failures are told apart by awsErrorName: AuthorizationPending-, SlowDown-, ExpiredToken-, InvalidGrantException, … */
export async function createToken(
  aws: Aws,
  region: string,
  registered: Pick<RegisteredClient, 'clientId' | 'clientSecret'>,
  grant: TokenGrant,
): Promise<CreatedToken> {
  const client = new SSOOIDCClient(aws.clientConfig('sso_oidc', region, undefined));
  const command = new CreateTokenCommand({
    clientId: registered.clientId,
    clientSecret: registered.clientSecret.reveal(),
    ...grantParameters(grant),
  });
  const call = { service: 'sso_oidc', operation: 'CreateToken', region } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  if (!output.accessToken || !output.expiresIn) throw incompleteReply('sso-oidc CreateToken', 'access token');
  return {
    accessToken: new Secret(output.accessToken),
    lifetime: output.expiresIn * 1000,
    refreshToken: output.refreshToken ? new Secret(output.refreshToken) : undefined,
  };
}

function grantParameters(grant: TokenGrant): Pick<
  CreateTokenCommandInput,
  'code' | 'codeVerifier' | 'redirectUri' | 'deviceCode' | 'refreshToken'
> & {
  grantType: string;
} {
  switch (grant.kind) {
    case 'authorization-code':
      return {
        grantType: 'authorization_code',
        code: grant.code.reveal(),
        codeVerifier: grant.verifier.reveal(),
        redirectUri: grant.redirectUri,
      };
    case 'device-code':
      return {
        grantType: 'urn:ietf:params:oauth:grant-type:device_code',
        deviceCode: grant.deviceCode.reveal(),
      };
    case 'refresh-token':
      return { grantType: 'refresh_token', refreshToken: grant.refreshToken.reveal() };
  }
}
