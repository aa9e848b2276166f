import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rdsAuthorities } from '../../src/db/certificates.ts';

describe('the authorities of RDS', () => {
  it('of a region are its three roots and no others', async () => {
    const names = (await rdsAuthorities('eu-west-1', 'shop.c9.eu-west-1.rds.amazonaws.com')).map((pem) => {
      const certificate = new X509Certificate(pem);
      expect(certificate.ca).toBe(true);
      expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.parse('2060-01-01'));
      return /CN=(.+)/.exec(certificate.subject)?.[1];
    });
    expect(names.sort()).toEqual([
      'Amazon RDS eu-west-1 Root CA ECC384 G1',
      'Amazon RDS eu-west-1 Root CA RSA2048 G1',
      'Amazon RDS eu-west-1 Root CA RSA4096 G1',
    ]);
  });

  it('of an RDS Proxy are the public Amazon roots', async () => {
    const [first] = await rdsAuthorities('us-east-1', 'shop.proxy-c9abc.us-east-1.rds.amazonaws.com');
    expect(new X509Certificate(first ?? '').subject).toContain('Amazon Root CA 1');
  });

  it('of a region that is not known say where to get them', async () => {
    await expect(rdsAuthorities('il-central-1', 'x.il-central-1.rds.amazonaws.com')).rejects.toMatchObject({
      kind: 'usage',
      code: 'UNKNOWN_AUTHORITIES',
      hint: expect.stringContaining(
        'https://truststore.pki.rds.amazonaws.com/il-central-1/il-central-1-bundle.pem',
      ),
    });
  });
});
