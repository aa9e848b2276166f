/** What Node says when a host can't be reached, as a sentence's end; undefined when it is no such error. */
export function describeNetworkError(error: unknown): NetworkFailure | undefined {
  for (let current = error, depth = 0; current !== undefined && depth < 5; depth++) {
    if (!(current instanceof Error)) return undefined;
    const code = (current as NodeJS.ErrnoException).code ?? '';
    if (current.message.startsWith('The proxy named by')) {
      return {
        reason: current.message.replace(/^The/, 'the'),
        hint: 'Check HTTPS_PROXY and NO_PROXY.',
        code: 'UNREACHABLE',
      };
    }
    const tls = certificates[code];
    if (tls !== undefined) return { reason: tls, hint: certificateHint, code: 'UNTRUSTED_CERTIFICATE' };
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return {
        reason: 'its certificate is for another host',
        hint: certificateHint,
        code: 'UNTRUSTED_CERTIFICATE',
      };
    }
    const reason = connections[code];
    if (reason !== undefined) return { reason, hint: connectionHint, code: 'UNREACHABLE' };
    if (current.name === 'TimeoutError') {
      return { reason: 'it did not answer in time', hint: connectionHint, code: 'UNREACHABLE' };
    }
    if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
      return { reason: 'no TLS connection could be made', hint: connectionHint, code: 'UNREACHABLE' };
    }
    current = current.cause;
  }
  return undefined;
}

export interface NetworkFailure {
  readonly reason: string;
  readonly hint: string;
  readonly code: 'UNREACHABLE' | 'UNTRUSTED_CERTIFICATE';
}

const connectionHint = 'Check the network, the VPN and HTTPS_PROXY, and try again.';
const certificateHint =
  'If a proxy inspects TLS here, give its certificate authority in AWS_CA_BUNDLE. If not, do not go on: somebody may be listening.';

const connections: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ENOTFOUND: 'its name has no address (DNS)',
  EAI_AGAIN: 'DNS does not answer',
  ETIMEDOUT: 'it did not answer in time',
  ESOCKETTIMEDOUT: 'it did not answer in time',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'this machine has no network',
  ENETDOWN: 'this machine has no network',
  EADDRNOTAVAIL: 'this machine has no address to reach it from',
};

const certificates: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate leads to an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate can not be verified',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate can not be verified',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate leads to an authority that is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet (is the clock right?)',
  CERT_REVOKED: 'its certificate has been revoked',
};
