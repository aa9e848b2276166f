import { type ErrorKind, ForgeError } from '../errors.ts';
import { checkHint, type FailureFacts } from './failure-facts.ts';
import { notForIam } from './not-for-iam.ts';
import { readRdsName } from './rds-name.ts';
import type { WireFailure } from './wire/wire-failure.ts';

/** Failures on the way to the server and in its protocol, before it has judged who asks. */
export function explainWireFailure(failure: WireFailure, facts: FailureFacts): ForgeError {
  switch (failure.step) {
    case 'dns':
      return explainName(failure, facts);
    case 'tcp':
      return explainTcp(failure, facts);
    case 'negotiation':
      return explainNegotiation(failure, facts);
    case 'tls':
      return explainTls(failure, facts);
    case 'authentication':
      if (failure.code === 'NOT_IAM') {
        const opening = `Instead of taking an IAM token, ${failure.message}.`;
        return notForIam(opening, facts, failure);
      }
      return silent(failure, facts, 'during the login');
    case 'protocol':
      return error(
        'failed',
        'PROTOCOL_BROKEN',
        `The server at ${facts.address} broke PostgreSQL's protocol: ${failure.message}.`,
        `Check that ${facts.host} is what you mean. ${checkHint(facts)}`,
        failure,
      );
  }
}

function explainName(failure: WireFailure, facts: FailureFacts): ForgeError {
  const { address } = facts;
  if (failure.code === 'ENOTFOUND') {
    const own = readRdsName(address) !== undefined;
    return error(
      'unreachable',
      'NAME_NOT_FOUND',
      `The name ${address} is not found in DNS.${own ? '' : ' It may be in a private zone that only the VPN sees.'}`,
      own
        ? `Check the spelling and that the database exists. ${vpn(facts)}`
        : `${vpn(facts)} Else check the spelling.`,
      failure,
    );
  }
  return error(
    'unreachable',
    'DNS_FAILED',
    `Failed to look up ${address}: DNS ${failure.code === 'TIMEOUT' ? 'does not answer' : `says ${failure.code}`}.`,
    `Check the network connection. ${vpn(facts)}`,
    failure,
  );
}

function explainTcp(failure: WireFailure, facts: FailureFacts): ForgeError {
  const { address, host, port } = facts;
  const where = address === host ? `${host}:${port}` : `${address}:${port} (for ${host})`;
  const unreachable = (code: string, message: string, hint: string) =>
    error('unreachable', code, message, hint, failure);
  switch (failure.code) {
    case 'TIMEOUT':
    case 'ETIMEDOUT':
      return unreachable(
        'TCP_TIMEOUT',
        `Nothing answers at ${where}: packets are dropped on the way.`,
        `${vpn(facts)} Else its security group does not let you in.`,
      );
    case 'ECONNREFUSED':
      return unreachable(
        'TCP_REFUSED',
        `${where} refuses connections: the machine is there, and nothing listens on port ${port}.`,
        address === host
          ? `Check the port. ${checkHint(facts)}`
          : `Start the tunnel that should listen there. ${checkHint(facts)}`,
      );
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
      return unreachable('NO_ROUTE', `There is no route to ${where} (${failure.code}).`, vpn(facts));
    default:
      return unreachable(
        'TCP_FAILED',
        `Failed to connect to ${where}: ${failure.message}.`,
        checkHint(facts),
      );
  }
}

function explainNegotiation(failure: WireFailure, facts: FailureFacts): ForgeError {
  const where = `${facts.address}:${facts.port}`;
  switch (failure.code) {
    case 'NO_TLS':
      return error(
        'failed',
        'TLS_REFUSED',
        `What answers at ${where} offers no TLS, so the token was not sent. RDS always offers it.`,
        `Check host and port: this is no RDS endpoint. ${checkHint(facts)}`,
        failure,
      );
    case 'STUFFED':
      return error(
        'failed',
        'TLS_TAMPERED',
        `Somebody between here and ${where} put bytes in before the encryption began. Nothing was sent.`,
        'Use another network, and tell your security team.',
        failure,
      );
    // Of a tunnel: that the server does not take the connection is only known when something is sent.
    case 'ECONNREFUSED':
      return error(
        'unreachable',
        'TCP_REFUSED',
        `Through the tunnel nothing answers at ${facts.host}:${facts.port}: ${failure.message}.`,
        `Check the port, and whether the instance's security group is let in. ${checkHint(facts)}`,
        failure,
      );
    case 'NOT_POSTGRESQL':
    case 'ERROR':
      return error(
        'failed',
        'NOT_POSTGRESQL',
        `Failed to agree on TLS with ${where}: ${failure.message}.`,
        `Check host and port. ${checkHint(facts)}`,
        failure,
      );
    default:
      return silent(failure, facts, 'when it was asked for TLS', vpn(facts));
  }
}

function explainTls(failure: WireFailure, facts: FailureFacts): ForgeError {
  const { host, address, caSource } = facts;
  const refuse = (code: string, message: string, hint: string) =>
    error('failed', code, `${message} The token was not sent.`, hint, failure);
  switch (failure.code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return refuse(
        'WRONG_HOST_NAME',
        `The certificate at ${address} is not made out to ${host}: another server answers there.`,
        `Check host and address. ${checkHint(facts)}`,
      );
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return refuse(
        'CERTIFICATE_DATE',
        `The certificate of ${host} is ${failure.code === 'CERT_HAS_EXPIRED' ? 'past its end' : 'not valid yet'} by this machine's clock.`,
        'Check the clock; if it is right, whoever runs the database must renew its certificate.',
      );
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
      return refuse(
        'WRONG_AUTHORITY',
        `The certificate of ${host} is not signed by the authorities that are trusted for it (${caSource}).`,
        `Another server, or a proxy that opens TLS? If its authority is your own, name its file with --ca. ${checkHint(facts)}`,
      );
    case 'TIMEOUT':
    case 'CLOSED':
    case 'ECONNRESET':
      return silent(failure, facts, 'during the TLS handshake');
    default:
      return refuse('TLS_FAILED', `TLS with ${host} failed: ${failure.message}.`, checkHint(facts));
  }
}

/** `first`: what to look at before the server itself, e.g. what may let TCP through and no more. */
function silent(failure: WireFailure, facts: FailureFacts, when: string, first?: string): ForgeError {
  const did = failure.code === 'TIMEOUT' ? 'says nothing' : 'closed the connection';
  const busy = 'may be overloaded, restarting or failing over: try again.';
  const why = first === undefined ? `It ${busy}` : `${first} Else it ${busy}`;
  const tunnel = facts.address === facts.host ? '' : ' Look at the tunnel and its far end, too.';
  return error(
    'unreachable',
    failure.code === 'TIMEOUT' ? 'SERVER_SILENT' : 'SERVER_CLOSED',
    `The server at ${facts.address}:${facts.port} ${did} ${when}.`,
    `${why}${tunnel} ${checkHint(facts)}`,
    failure,
  );
}

function vpn({ networkGroups, name }: FailureFacts): string {
  if (networkGroups.length === 0) return 'Is the VPN on?';
  const groups = `group${networkGroups.length === 1 ? '' : 's'} ${networkGroups.join(', ')}`;
  return `Is the VPN on? The network of ${name} is open to the ${groups}.`;
}

function error(kind: ErrorKind, code: string, message: string, hint: string, cause: WireFailure): ForgeError {
  return new ForgeError(kind, message, { code, hint, cause });
}
