import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { integer, objectIdentifier, octetString } from '../../src/sandbox/x509/der.ts';
import { hasProgram } from '../support/programs.ts';

const names = [
  'dev-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com',
  'dev-shop.cluster-ro-c9forge0abcd.us-east-1.rds.amazonaws.com',
] as const;
const authority = createCertificateAuthority('test authority', Date.now());
const server = authority.issue(names);

describe('the sandbox’s certificates', () => {
  it('are what Node takes for an authority and a server certificate of it', () => {
    const root = new X509Certificate(authority.certificate);
    const leaf = new X509Certificate(server.certificate);
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkHost(names[0])).toBe(names[0]);
    expect(leaf.checkHost(names[1])).toBe(names[1]);
    expect(leaf.checkHost('qa-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('of two starts do not vouch for each other', () => {
    const other = new X509Certificate(createCertificateAuthority('test authority', Date.now()).certificate);
    expect(new X509Certificate(server.certificate).verify(other.publicKey)).toBe(false);
  });

  it('are dated in the form that their year needs', () => {
    const in2060 = createCertificateAuthority('later', Date.UTC(2060, 0, 31));
    expect(new X509Certificate(in2060.certificate).validTo).toBe('Mar  1 00:00:00 2060 GMT');
  });

  it.skipIf(!hasProgram('openssl', 'certificates judged by OpenSSL', 'version'))(
    'satisfy OpenSSL at its strictest',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'forge-x509-'));
      try {
        writeFileSync(join(folder, 'ca.pem'), authority.certificate);
        writeFileSync(join(folder, 'server.pem'), server.certificate);
        const verify = (host: string) =>
          spawnSync(
            'openssl',
            [
              'verify',
              '-x509_strict',
              '-purpose',
              'sslserver',
              '-verify_hostname',
              host,
              '-CAfile',
              'ca.pem',
              'server.pem',
            ],
            { cwd: folder, encoding: 'utf8' },
          );
        expect(verify(names[1])).toMatchObject({ status: 0, stdout: 'server.pem: OK\n' });
        expect(verify('example.com').status).not.toBe(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

describe('DER', () => {
  it('writes integers as short as they can be, and positive', () => {
    expect(integer(Buffer.of(0)).toString('hex')).toBe('020100');
    expect(integer(Buffer.of(0, 0, 1)).toString('hex')).toBe('020101');
    expect(integer(Buffer.of(0x80)).toString('hex')).toBe('02020080');
  });

  it('writes object identifiers with large arcs', () => {
    expect(objectIdentifier('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
  });

  it('says lengths in the form that they need', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (length) => {
        const encoded = octetString(Buffer.alloc(length));
        const first = encoded[1] ?? 0;
        const count = first < 0x80 ? 0 : first & 0x7f;
        const said = count === 0 ? first : encoded.readUIntBE(2, count);
        expect(said).toBe(length);
        expect(encoded.length).toBe(2 + count + length);
      }),
    );
  });
});
