import type { EventParameters } from '../../event-log.ts';
import type { AccessToken } from '../../oidc/portal-session.ts';
import { accountsOf, permissionSetsOf } from '../../organisation.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import { type Call, parseForm, type Received, type Reply } from '../exchange.ts';
import { jsonReply } from '../json-body.ts';
import { page } from '../paging.ts';
import { getRoleCredentials } from './get-role-credentials.ts';
import { accountIn, type PortalRequest } from './portal-request.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** The access portal's API: a bearer token instead of a signature. Source: IAM Identity Center Portal API Reference. */
type Operation = (request: PortalRequest) => object;

const routes: Readonly<Record<string, readonly [name: string, operation: Operation]>> = {
  'GET /assignment/accounts': ['ListAccounts', listAccounts],
  'GET /assignment/roles': ['ListAccountRoles', listAccountRoles],
  'GET /federation/credentials': ['GetRoleCredentials', getRoleCredentials],
  'POST /logout': ['Logout', logout],
};

export type FindPortalCall = (request: Received) => Call | undefined;

/** What AWS lets one person ask before it throttles; about 20 a second. */
const rate = { capacity: 20, perSecond: 20 };

export function createPortalApi(world: World): FindPortalCall {
  const buckets = new Map<string, TokenBucket>();
  const bucketOf = (person: string) => {
    const bucket = buckets.get(person) ?? createTokenBucket({ ...rate, now: world.hostNow });
    buckets.set(person, bucket);
    return bucket;
  };
  return (request) => {
    const [name, operation] = routes[`${request.method} ${request.path}`] ?? [];
    if (name === undefined || operation === undefined) return undefined;
    return {
      service: 'sso',
      operation: name,
      run: () => run(world, request, name, operation, bucketOf),
      failed: (code, status, message) => failure(code, status, message, request.requestId),
    };
  };
}

function run(
  world: World,
  request: Received,
  name: string,
  operation: Operation,
  bucketOf: (person: string) => TokenBucket,
): Reply {
  const query = parseForm(request.query);
  let token: AccessToken | undefined;
  const record = (failed?: AwsFailure) =>
    world.events.record({
      service: 'sso',
      name,
      account: undefined,
      principal: token?.session.person.userName,
      accessKeyId: undefined,
      sourceIdentity: undefined,
      userAgent: request.header('user-agent'),
      parameters: noted(query),
      errorCode: failed?.code,
      errorMessage: failed?.message,
    });
  try {
    token = world.identityCenter.findAccessToken(request.header('x-amz-sso_bearer_token') ?? '');
    if (!token) throw new AwsFailure('UnauthorizedException', 401, 'Session token not found or invalid');
    if (!bucketOf(token.session.person.id).take()) {
      throw new AwsFailure('TooManyRequestsException', 429, 'HTTP 429 Too Many Requests');
    }
    const result = operation({ world, token, query, userAgent: request.header('user-agent') });
    record();
    return jsonReply(200, result, { 'x-amzn-requestid': request.requestId });
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    record(error);
    return failure(error.code, error.status, error.message, request.requestId);
  }
}

function noted(query: ReadonlyMap<string, string>): EventParameters {
  return Object.fromEntries([...query].filter(([name]) => name !== 'next_token'));
}

function failure(code: string, status: number, message: string, requestId: string): Reply {
  return jsonReply(
    status,
    { message, __type: `com.amazonaws.switchboard.portal#${code}` },
    { 'x-amzn-errortype': code, 'x-amzn-requestid': requestId },
  );
}

function listAccounts({ world, token, query }: PortalRequest): object {
  const { person } = token.session;
  const { items, next } = pageOf(accountsOf(world.organisation, person), `accounts:${person.id}`, query);
  return {
    accountList: items.map(({ id, name, email }) => ({
      accountId: id,
      accountName: name,
      emailAddress: email,
    })),
    nextToken: next ?? null,
  };
}

function listAccountRoles({ world, token, query }: PortalRequest): object {
  const { person } = token.session;
  const account = accountIn(query);
  const names = permissionSetsOf(world.organisation, person, account);
  if (names.length === 0) throw new AwsFailure('ForbiddenException', 403, 'No access');
  const { items, next } = pageOf(names, `roles:${person.id}:${account}`, query);
  return {
    roleList: items.map((roleName) => ({ roleName, accountId: account })),
    nextToken: next ?? null,
  };
}

/** Ends the whole portal session: every token made from it, and the browser's sign-in. */
function logout({ world, token }: PortalRequest): object {
  world.identityCenter.endPortalSession(token.session);
  return {};
}

function pageOf<T>(all: readonly T[], listing: string, query: ReadonlyMap<string, string>) {
  const wanted = query.get('max_result');
  const size = wanted === undefined ? 100 : Number(wanted);
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    throw new AwsFailure('InvalidRequestException', 400, 'max_result must be between 1 and 100');
  }
  const found = page(all, listing, query.get('next_token'), size);
  if (!found) throw new AwsFailure('InvalidRequestException', 400, 'next_token is invalid');
  return found;
}
