import type { Call, Received, Reply } from '../aws/exchange.ts';
import { type JsonFields, jsonReply, parseJsonObject } from '../aws/json-body.ts';
import type { EventParameters } from '../event-log.ts';
import type { World } from '../world.ts';
import { createToken } from './create-token.ts';
import { deviceCodeSeconds, pollingIntervalSeconds } from './device-authorizations.ts';
import { OidcFailure, oauthErrorOf } from './oidc-failure.ts';

/** The sso-oidc API: JSON, unsigned. Source: IAM Identity Center OIDC API Reference. */
type Operation = (request: OidcRequest) => object;

interface OidcRequest {
  readonly world: World;
  readonly fields: JsonFields;
  /** Where the person's browser finds the sandbox. */
  readonly baseUrl: string;
  note(parameters: EventParameters): void;
}

const routes: Readonly<Record<string, readonly [name: string, operation: Operation]>> = {
  '/client/register': ['RegisterClient', registerClient],
  '/device_authorization': ['StartDeviceAuthorization', startDeviceAuthorization],
  '/token': ['CreateToken', token],
};

export function findOidcCall(world: World, request: Received, baseUrl: string): Call | undefined {
  const [name, operation] = request.method === 'POST' ? (routes[request.path] ?? []) : [];
  if (name === undefined || operation === undefined) return undefined;
  return {
    service: 'sso-oidc',
    operation: name,
    run: () => run(world, request, baseUrl, name, operation),
    failed: (code, status, message) =>
      failure(status, code, oauthErrorOf(code) ?? 'server_error', message, request.requestId),
  };
}

function run(world: World, request: Received, baseUrl: string, name: string, operation: Operation): Reply {
  let noted: EventParameters = {};
  const record = (error?: OidcFailure) =>
    world.events.record({
      service: 'sso-oidc',
      name,
      account: undefined,
      principal: undefined,
      accessKeyId: undefined,
      sourceIdentity: undefined,
      userAgent: request.header('user-agent'),
      parameters: noted,
      errorCode: error && `${error.kind}Exception`,
      errorMessage: error?.message,
    });
  try {
    const fields = parseJsonObject(request.body);
    if (!fields) throw new OidcFailure('InvalidRequest', 'The body is not a JSON object');
    const note = (parameters: EventParameters) => {
      noted = parameters;
    };
    const result = operation({ world, fields, baseUrl, note });
    record();
    return jsonReply(200, result, { 'x-amzn-requestid': request.requestId });
  } catch (error) {
    if (!(error instanceof OidcFailure)) throw error;
    record(error);
    return failure(
      error.status,
      `${error.kind}Exception`,
      error.oauthError,
      error.message,
      request.requestId,
    );
  }
}

function failure(status: number, type: string, error: string, description: string, requestId: string): Reply {
  return jsonReply(
    status,
    { error, error_description: description },
    { 'x-amzn-errortype': type, 'x-amzn-requestid': requestId },
  );
}

function registerClient({ world, fields, note }: OidcRequest): object {
  const clientName = requiredText(fields, 'clientName');
  note({ clientName });
  const client = world.identityCenter.clients.register({
    clientName,
    clientType: requiredText(fields, 'clientType'),
    scopes: texts(fields, 'scopes') ?? [],
    grantTypes: texts(fields, 'grantTypes'),
    redirectUris: texts(fields, 'redirectUris') ?? [],
    issuerUrl: text(fields, 'issuerUrl'),
  });
  return {
    clientId: client.id,
    clientSecret: client.secret,
    clientIdIssuedAt: Math.floor(client.issuedAt / 1000),
    clientSecretExpiresAt: Math.floor(client.expiresAt / 1000),
  };
}

function startDeviceAuthorization({ world, fields, baseUrl, note }: OidcRequest): object {
  const client = authenticate(world, fields);
  const startUrl = requiredText(fields, 'startUrl');
  note({ clientName: client.name, startUrl });
  if (startUrl !== world.organisation.startUrl) {
    throw new OidcFailure('InvalidRequest', 'startUrl is not that of an Identity Center instance');
  }
  if (!client.grantTypes.includes('urn:ietf:params:oauth:grant-type:device_code')) {
    throw new OidcFailure('UnauthorizedClient', 'The client is not registered for the device code grant');
  }
  const authorization = world.identityCenter.devices.start(client.id);
  const verificationUri = `${baseUrl}/device`;
  return {
    deviceCode: authorization.deviceCode,
    userCode: authorization.userCode,
    verificationUri,
    verificationUriComplete: `${verificationUri}?user_code=${authorization.userCode}`,
    expiresIn: deviceCodeSeconds,
    interval: pollingIntervalSeconds,
  };
}

function token({ world, fields, note }: OidcRequest): object {
  const grantType = requiredText(fields, 'grantType');
  note({ grantType });
  const client = authenticate(world, fields);
  note({ grantType, clientName: client.name });
  const tokens = createToken(
    world.identityCenter,
    client,
    {
      grantType,
      code: text(fields, 'code'),
      codeVerifier: text(fields, 'codeVerifier'),
      redirectUri: text(fields, 'redirectUri'),
      deviceCode: text(fields, 'deviceCode'),
      refreshToken: text(fields, 'refreshToken'),
    },
    world.now(),
  );
  return {
    accessToken: tokens.accessToken,
    tokenType: 'Bearer',
    expiresIn: tokens.expiresInSeconds,
    ...(tokens.refreshToken === undefined ? {} : { refreshToken: tokens.refreshToken }),
  };
}

function authenticate(world: World, fields: JsonFields) {
  return world.identityCenter.clients.authenticate(
    requiredText(fields, 'clientId'),
    requiredText(fields, 'clientSecret'),
  );
}

function text(fields: JsonFields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new OidcFailure('InvalidRequest', `${name} must be a string`);
  return value;
}

function requiredText(fields: JsonFields, name: string): string {
  const value = text(fields, name);
  if (value === undefined || value === '') {
    throw new OidcFailure('InvalidRequest', `Missing or empty ${name}`);
  }
  return value;
}

function texts(fields: JsonFields, name: string): readonly string[] | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== 'string')) {
    throw new OidcFailure('InvalidRequest', `${name} must be a list of strings`);
  }
  return value;
}
