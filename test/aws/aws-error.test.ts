import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsErrorName } from '../../src/aws/aws-error.ts';
import { type Aws, createAws } from '../../src/aws/clients.ts';
import { describeCluster } from '../../src/aws/rds.ts';
import { getRoleCredentials, listAccounts } from '../../src/aws/sso.ts';
import { createToken, registerClient } from '../../src/aws/sso-oidc.ts';
import { assumeRole, getCallerIdentity } from '../../src/aws/sts.ts';
import { ForgeError } from '../../src/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createTestHost } from '../support/test-host.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'CANARY-secret', sessionToken: 'CANARY-token' };
const role = {
  roleArn: 'arn:aws:iam::111111111111:role/developer-rds-access',
  sessionName: 'dana',
  durationSeconds: 3600,
  who: 'dana@tapp.example',
  deniedHint: 'Ask the group developers.',
};

let server: Server;
let aws: Aws;
let reply: { status: number; headers: Record<string, string>; body: string };
const host = createTestHost();

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(reply.status, reply.headers).end(reply.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  aws = createAws({ ...host, env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_MAX_ATTEMPTS: '1' } });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  host.dispose();
});

const xml = (status: number, code: string, message: string) => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`,
});
const json = (status: number, name: string, body: Record<string, unknown>) => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': name },
  body: JSON.stringify(body),
});

async function failure(promise: Promise<unknown>): Promise<ForgeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ForgeError);
  const forged = error as ForgeError;
  expect(`${forged.message} ${forged.hint}`).not.toContain('CANARY');
  expect(forged.message).not.toContain('UnknownError');
  return forged;
}

describe('what AWS answers becomes a sentence', () => {
  const denial = `User: arn:aws:sts::111111111111:assumed-role/A/dana is not authorized to perform: sts:AssumeRole on resource: ${role.roleArn}`;
  const stsCases: readonly [string, number, string, string, string, RegExp][] = [
    [
      'AccessDenied',
      403,
      denial,
      'denied',
      'ACCESS_DENIED',
      /^Access denied: dana@tapp\.example may not sts:AssumeRole on arn:aws:iam::111111111111:role\/developer-rds-access\.$/,
    ],
    [
      'AccessDenied',
      403,
      `${denial} with an explicit deny in a service control policy`,
      'denied',
      'ACCESS_DENIED',
      /role\/developer-rds-access, with an explicit deny in a service control policy\.$/,
    ],
    [
      'AccessDenied',
      403,
      denial.replace('AssumeRole', 'SetSourceIdentity'),
      'denied',
      'ACCESS_DENIED',
      /may not sts:AssumeRole on \S+: User: \S+ is not authorized to perform: sts:SetSourceIdentity /,
    ],
    [
      'ExpiredToken',
      403,
      'The security token included in the request is expired',
      'signed-out',
      'CREDENTIALS_EXPIRED',
      /have expired/,
    ],
    [
      'InvalidClientTokenId',
      403,
      'The security token included in the request is invalid.',
      'signed-out',
      'CREDENTIALS_INVALID',
      /does not know these credentials/,
    ],
    [
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match',
      'signed-out',
      'CREDENTIALS_INVALID',
      /does not know these credentials/,
    ],
    [
      'SignatureDoesNotMatch',
      403,
      'Signature expired: 20250101T000000Z is now earlier than 20250101T001000Z',
      'failed',
      'CLOCK_SKEW',
      /the clock of this machine is wrong/,
    ],
    ['Throttling', 400, 'Rate exceeded', 'failed', 'THROTTLED', /asks to slow down/],
    [
      'RegionDisabledException',
      403,
      'STS is not activated in this region',
      'failed',
      'REGION_DISABLED',
      /not activated/,
    ],
    [
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
      'failed',
      'AWS_FAILED',
      /role chaining\.$/,
    ],
    ['InternalFailure', 500, 'oops', 'unreachable', 'AWS_UNAVAILABLE', /status 500/],
  ];
  it.each(stsCases)('STS %s %i', async (code, status, message, kind, forgeCode, sentence) => {
    reply = xml(status, code, message);
    const error = await failure(assumeRole(aws, 'us-east-1', keys, role));
    expect(error).toMatchObject({ kind, code: forgeCode });
    expect(error.message).toMatch(sentence);
    expect(awsErrorName(error)).toMatch(new RegExp(`^${code}`));
    if (kind === 'denied') expect(error.hint).toBe('Ask the group developers.');
  });

  it('names how far off the clock is when the server says the time', async () => {
    reply = xml(403, 'SignatureDoesNotMatch', 'Signature expired: 1 is now earlier than 2');
    reply.headers.date = new Date(Date.now() + 23 * 60_000).toUTCString();
    const error = await failure(getCallerIdentity(aws, 'us-east-1', keys));
    expect(error.message).toContain('the clock of this machine is 23 min slow');
    expect(Math.abs(aws.clockSkew() - 23 * 60_000)).toBeLessThan(20_000);
  });

  it('portal: the sign-in has ended', async () => {
    reply = json(401, 'UnauthorizedException', { message: 'Session token not found or invalid' });
    const error = await failure(listAccounts(aws, 'us-east-1', new Secret('CANARY-bearer')));
    expect(error).toMatchObject({ kind: 'signed-out', code: 'SIGNED_OUT', hint: 'forge login' });
  });

  it('portal: the permission set is not assigned', async () => {
    reply = json(403, 'ForbiddenException', { message: 'No access' });
    const request = {
      account: '333333333333',
      permissionSet: 'Forge-Wealth-ReadOnly',
      deniedHint: 'The group wealth-prod holds it.',
    };
    const error = await failure(getRoleCredentials(aws, 'us-east-1', new Secret('CANARY-bearer'), request));
    expect(error).toMatchObject({
      kind: 'denied',
      code: 'ACCESS_DENIED',
      hint: 'The group wealth-prod holds it.',
    });
    expect(error.message).toBe(
      "You don't hold permission set Forge-Wealth-ReadOnly in account 333333333333.",
    );
  });

  it('OIDC: the text is in error_description', async () => {
    reply = json(400, 'InvalidGrantException', {
      error: 'invalid_grant',
      error_description: 'Invalid refresh token provided',
    });
    const client = { clientId: 'c', clientSecret: new Secret('CANARY-client') };
    const grant = { kind: 'refresh-token', refreshToken: new Secret('CANARY-refresh') } as const;
    const error = await failure(createToken(aws, 'us-east-1', client, grant));
    expect(error.message).toContain('Invalid refresh token provided');
    expect(awsErrorName(error)).toBe('InvalidGrantException');
  });

  it('RDS: there is no such cluster', async () => {
    reply = xml(404, 'DBClusterNotFoundFault', 'DBCluster dev-shop not found.');
    const error = await failure(describeCluster(aws, 'us-east-1', keys, 'dev-shop'));
    expect(error).toMatchObject({ kind: 'failed', code: 'NOT_FOUND' });
    expect(error.message).toContain('cluster dev-shop in us-east-1');
  });

  it("a login page in AWS's place", async () => {
    reply = {
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>Sign in to the hotel</html>',
    };
    await failure(getCallerIdentity(aws, 'us-east-1', keys));
    await failure(registerClient(aws, 'us-east-1', { clientName: 'x', scopes: [] }));
    await failure(
      getRoleCredentials(aws, 'us-east-1', new Secret('CANARY-x'), { account: '1', permissionSet: 'x' }),
    );
  });

  it.each([
    [
      'http://127.0.0.1:9',
      /^Failed to reach 127\.0\.0\.1:9 for sts GetCallerIdentity: nothing listens there\.$/,
    ],
    [
      'https://no-such-host.invalid',
      /no-such-host\.invalid for sts GetCallerIdentity: (its name has no address|DNS does not answer)/,
    ],
  ])('%s is unreachable', async (url, sentence) => {
    const lonely = createAws({ ...host, env: { AWS_ENDPOINT_URL: url, AWS_MAX_ATTEMPTS: '1' } });
    const error = await failure(getCallerIdentity(lonely, 'us-east-1', keys));
    expect(error).toMatchObject({ kind: 'unreachable', code: 'UNREACHABLE' });
    expect(error.message).toMatch(sentence);
  });
});
