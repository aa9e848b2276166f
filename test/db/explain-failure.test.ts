import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { explainDatabaseFailure } from '../../src/db/explain-failure.ts';
import type { FailureFacts } from '../../src/db/failure-facts.ts';
import { WireFailure, type WireStep } from '../../src/db/wire/wire-failure.ts';
import { ForgeError } from '../../src/errors.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const facts: FailureFacts = {
  name: 'dev',
  words: 'dev',
  host: 'shop.cluster-c9abc.us-east-1.rds.amazonaws.com',
  address: 'shop.cluster-c9abc.us-east-1.rds.amazonaws.com',
  port: 5432,
  user: 'developer',
  database: 'shop_dev',
  region: 'us-east-1',
  resourceId: 'cluster-ABC',
  account: '111111111111',
  who: 'arn:aws:sts::111111111111:assumed-role/dev/jane',
  keysExpire: now + 3_600_000,
  now,
  clockSkew: 800,
  caSource: 'RDS in us-east-1',
  networkGroups: ['vpn-dev'],
};

function said(code: string, message: string): DatabaseError {
  const error = new DatabaseError(message, message.length, 'error');
  error.code = code;
  error.severity = 'FATAL';
  return error;
}

const pam = said('28000', 'PAM authentication failed for user "developer"');

describe('what the server says', () => {
  it.each<[string, Error, Partial<FailureFacts>, string, string, RegExp, RegExp]>([
    [
      'no rds-db:connect',
      pam,
      {},
      'denied',
      'IAM_REFUSED',
      /not allowed rds-db:connect on arn:aws:rds-db:us-east-1:111111111111:dbuser:cluster-ABC\/developer\.[\s\S]*made out to shop\.cluster-c9abc\.us-east-1\.rds\.amazonaws\.com:5432 as developer in us-east-1; the clock is right/,
      /forge db check dev$/,
    ],
    [
      'a database that carries no tag',
      pam,
      { who: 'arn:aws:sts::333333333333:assumed-role/readonly-rds-access/dana@tapp.example' },
      'denied',
      'IAM_REFUSED',
      /readonly-rds-access\/dana@tapp\.example is not allowed rds-db:connect/,
      /by the tag that Terraform looks for \(access_tag\), from the next apply.* forge db check dev$/,
    ],
    [
      'the resource id is not known',
      pam,
      { resourceId: undefined, account: undefined, clockSkew: undefined },
      'denied',
      'IAM_REFUSED',
      /us-east-1:<account>:dbuser:<resource id>\/developer/,
      /forge db check dev$/,
    ],
    ['China', pam, { region: 'cn-north-1' }, 'denied', 'IAM_REFUSED', /arn:aws-cn:rds-db/, /./],
    [
      'a clock that is behind',
      pam,
      { clockSkew: 20 * 60_000 },
      'failed',
      'CLOCK_SKEW',
      /clock is 20 min behind AWS's/,
      /Set the clock/,
    ],
    [
      'a clock that is ahead',
      pam,
      { clockSkew: -6 * 60_000 },
      'failed',
      'CLOCK_SKEW',
      /6 min ahead of AWS's/,
      /Set the clock/,
    ],
    [
      'credentials that ended',
      pam,
      { keysExpire: now - 120_000 },
      'signed-out',
      'CREDENTIALS_EXPIRED',
      /jane\) ended 2 min ago/,
      /forge login/,
    ],
    [
      'a role with a password',
      said('28P01', 'password authentication failed for user "noiam"'),
      { user: 'noiam' },
      'denied',
      'NOT_IAM_ROLE',
      /noiam is not set up for IAM on dev \(not in rds_iam\)/,
      /grant rds_iam to "noiam"/,
    ],
    [
      'a role that may not log in',
      said('28000', 'role "developer" is not permitted to log in'),
      {},
      'denied',
      'ROLE_CANNOT_LOG_IN',
      /may not log in on dev/,
      /db check/,
    ],
    [
      'pg_hba.conf',
      said('28000', 'no pg_hba.conf entry for host "10.0.0.1"'),
      {},
      'denied',
      'NOT_ADMITTED',
      /admits nobody with this user/,
      /Check the user/,
    ],
    [
      'an unknown database',
      said('3D000', 'database "shop_dev" does not exist'),
      {},
      'usage',
      'UNKNOWN_DATABASE',
      /There is no database "shop_dev" on dev/,
      /--database/,
    ],
    [
      'no CONNECT privilege',
      said('42501', 'permission denied for database "shop_dev"'),
      {},
      'denied',
      'NO_CONNECT_PRIVILEGE',
      /may not use the database/,
      /grant connect on database/,
    ],
    [
      'too many connections',
      said('53300', 'sorry, too many clients already'),
      {},
      'unreachable',
      'TOO_MANY_CONNECTIONS',
      /no connection left/,
      /Try again soon/,
    ],
    [
      'a server that starts',
      said('57P03', 'the database system is starting up'),
      {},
      'unreachable',
      'DATABASE_STARTING',
      /is not ready/,
      /try again in a minute/,
    ],
    [
      'a server that stops',
      said('57P01', 'terminating connection due to administrator command'),
      {},
      'unreachable',
      'DATABASE_STOPPED',
      /closed the connection/,
      /try again/,
    ],
    [
      'anything else',
      said('XX000', 'internal'),
      {},
      'failed',
      'SQLSTATE_XX000',
      /Failed to connect to dev: internal \(SQLSTATE XX000\)/,
      /db check/,
    ],
  ])('%s', (_what, error, more, kind, code, message, hint) => {
    const explained = explainDatabaseFailure(error, { ...facts, ...more });
    expect(explained).toMatchObject({ kind, code, cause: error });
    expect(explained.message).toMatch(message);
    expect(explained.hint).toMatch(hint);
  });
});

describe('what happens on the way', () => {
  it.each<[WireStep, string, Partial<FailureFacts>, string, string, RegExp, RegExp]>([
    [
      'dns',
      'ENOTFOUND',
      {},
      'unreachable',
      'NAME_NOT_FOUND',
      /amazonaws\.com is not found in DNS\.$/,
      /database exists\. Is the VPN on\?.*group vpn-dev\./,
    ],
    [
      'dns',
      'ENOTFOUND',
      { address: 'db.corp' },
      'unreachable',
      'NAME_NOT_FOUND',
      /private zone that only the VPN sees/,
      /spelling/,
    ],
    ['dns', 'TIMEOUT', {}, 'unreachable', 'DNS_FAILED', /DNS does not answer/, /VPN/],
    ['dns', 'EAI_AGAIN', {}, 'unreachable', 'DNS_FAILED', /DNS says EAI_AGAIN/, /network connection/],
    ['tcp', 'TIMEOUT', {}, 'unreachable', 'TCP_TIMEOUT', /packets are dropped/, /VPN on\?.*security group/],
    [
      'tcp',
      'ECONNREFUSED',
      {},
      'unreachable',
      'TCP_REFUSED',
      /nothing listens on port 5432/,
      /Check the port/,
    ],
    [
      'tcp',
      'ECONNREFUSED',
      { address: '127.0.0.1' },
      'unreachable',
      'TCP_REFUSED',
      /127\.0\.0\.1:5432 \(for shop/,
      /Start the tunnel/,
    ],
    [
      'tcp',
      'EHOSTUNREACH',
      { networkGroups: [] },
      'unreachable',
      'NO_ROUTE',
      /no route/,
      /^Is the VPN on\?$/,
    ],
    ['negotiation', 'NO_TLS', {}, 'failed', 'TLS_REFUSED', /token was not sent/, /no RDS endpoint/],
    ['negotiation', 'STUFFED', {}, 'failed', 'TLS_TAMPERED', /Nothing was sent/, /security team/],
    ['negotiation', 'NOT_POSTGRESQL', {}, 'failed', 'NOT_POSTGRESQL', /agree on TLS/, /host and port/],
    [
      'negotiation',
      'TIMEOUT',
      {},
      'unreachable',
      'SERVER_SILENT',
      /says nothing when it was asked for TLS/,
      /try again/,
    ],
    [
      'negotiation',
      'CLOSED',
      { address: '127.0.0.1' },
      'unreachable',
      'SERVER_CLOSED',
      /closed the connection/,
      /tunnel and its far end/,
    ],
    [
      'tls',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      {},
      'failed',
      'WRONG_HOST_NAME',
      /another server answers there\. The token was not sent/,
      /address/,
    ],
    [
      'tls',
      'SELF_SIGNED_CERT_IN_CHAIN',
      {},
      'failed',
      'WRONG_AUTHORITY',
      /\(RDS in us-east-1\)\. The token was not sent/,
      /--ca/,
    ],
    [
      'tls',
      'CERT_HAS_EXPIRED',
      {},
      'failed',
      'CERTIFICATE_DATE',
      /past its end by this machine's clock/,
      /Check the clock/,
    ],
    ['tls', 'EPROTO', {}, 'failed', 'TLS_FAILED', /TLS with shop/, /db check/],
    [
      'authentication',
      'NOT_IAM',
      {},
      'denied',
      'NOT_IAM_ROLE',
      /Instead of taking an IAM token/,
      /grant rds_iam/,
    ],
    [
      'authentication',
      'TIMEOUT',
      {},
      'unreachable',
      'SERVER_SILENT',
      /says nothing during the login/,
      /failing over/,
    ],
    [
      'protocol',
      'MALFORMED',
      {},
      'failed',
      'PROTOCOL_BROKEN',
      /broke PostgreSQL's protocol/,
      /is what you mean/,
    ],
  ])('%s %s', (step, code, more, kind, expected, message, hint) => {
    const explained = explainDatabaseFailure(new WireFailure(step, code, 'the server asked'), {
      ...facts,
      ...more,
    });
    expect(explained).toMatchObject({ kind, code: expected });
    expect(explained.message).toMatch(message);
    expect(explained.hint).toMatch(hint);
  });

  it('a connection that ends during the login, as pg and Node say it', () => {
    const ended = new Error('Connection terminated unexpectedly');
    expect(explainDatabaseFailure(ended, facts)).toMatchObject({
      kind: 'unreachable',
      code: 'SERVER_CLOSED',
    });
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    expect(explainDatabaseFailure(reset, facts)).toMatchObject({
      kind: 'unreachable',
      code: 'SERVER_CLOSED',
    });
  });

  it('leaves what is explained already, and signals', () => {
    const known = new ForgeError('denied', 'No.', { code: 'NO' });
    expect(explainDatabaseFailure(known, facts)).toBe(known);
    expect(explainDatabaseFailure('SIGTERM', facts)).toMatchObject({ kind: 'terminated' });
  });
});
