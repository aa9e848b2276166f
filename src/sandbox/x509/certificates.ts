import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  context,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

/** A certificate authority that lives as long as the sandbox: its key is in memory only and never leaves here. */
export interface CertificateAuthority {
  /** PEM: what clients must trust. */
  readonly certificate: string;
  /** A server certificate for exactly these DNS names and IPv4 addresses. */
  issue(names: readonly [string, ...string[]]): ServerCertificate;
}

export interface ServerCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. Stays in memory. */
  readonly key: string;
}

/**
 * X.509 v3 (RFC 5280), ECDSA P-256 with SHA-256. RDS uses RSA by default; P-256 is chosen because RSA
 * keys take long to make and clients do not care. `now` is epoch milliseconds of the real clock, which is the one
 * that TLS clients check against.
 */
export function createCertificateAuthority(commonName: string, now: number): CertificateAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = name(commonName);
  const issuerKeyId = keyIdentifier(publicKey);
  // A day back, so that a client whose clock is a little late still trusts it.
  const validity = sequence(time(now - day), time(now + 30 * day));
  const signed = (subject: Buffer, key: KeyObject, extensions: readonly Buffer[]) => {
    const body = sequence(
      context(0, integer(Buffer.of(2)), true),
      integer(serialNumber()),
      ecdsaWithSha256,
      issuer,
      validity,
      subject,
      key.export({ type: 'spki', format: 'der' }),
      context(3, sequence(...extensions), true),
    );
    const signature = sign('sha256', body, privateKey);
    return pem(sequence(body, ecdsaWithSha256, bitString(signature)));
  };
  return {
    certificate: signed(issuer, publicKey, [
      extension(basicConstraints, true, sequence(boolean(true), integer(Buffer.of(0)))),
      // keyCertSign (5) and cRLSign (6).
      extension(keyUsage, true, bitString(Buffer.of(0b0000_0110), 1)),
      extension(subjectKeyIdentifier, false, octetString(issuerKeyId)),
    ]),
    issue(names) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const certificate = signed(name(names[0].slice(0, longestCommonName)), own.publicKey, [
        extension(basicConstraints, true, sequence()),
        // digitalSignature (0).
        extension(keyUsage, true, bitString(Buffer.of(0b1000_0000), 7)),
        extension(extendedKeyUsage, false, sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))),
        extension(subjectAltName, false, sequence(...names.map(generalName))),
        extension(subjectKeyIdentifier, false, octetString(keyIdentifier(own.publicKey))),
        extension(authorityKeyIdentifier, false, sequence(context(0, issuerKeyId, false))),
      ]);
      return { certificate, key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    },
  };
}

const day = 86_400_000;
/** ub-common-name of RFC 5280; the whole name is in the subject alternative name, which alone is checked. */
const longestCommonName = 64;

const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const keyUsage = '2.5.29.15';
const subjectAltName = '2.5.29.17';
const basicConstraints = '2.5.29.19';
const subjectKeyIdentifier = '2.5.29.14';
const authorityKeyIdentifier = '2.5.29.35';
const extendedKeyUsage = '2.5.29.37';

function extension(identifier: string, critical: boolean, value: Buffer): Buffer {
  const marks = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(identifier), ...marks, octetString(value));
}

/** RFC 5280 §4.2.1.6: dNSName, or iPAddress as four bytes. */
function generalName(name: string): Buffer {
  return isIPv4(name)
    ? context(7, Buffer.from(name.split('.').map(Number)), false)
    : context(2, Buffer.from(name, 'ascii'), false);
}

function name(commonName: string): Buffer {
  return sequence(
    set(sequence(objectIdentifier('2.5.4.10'), utf8String('forge sandbox'))),
    set(sequence(objectIdentifier('2.5.4.3'), utf8String(commonName))),
  );
}

/** RFC 5280 §4.2.1.2, method 1 over the whole key information (any stable digest will do). */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** Positive and at most 20 bytes (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
