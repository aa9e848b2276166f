import { describe, expect, it } from 'vitest';
import { isAwsHost, isPortalHost, regionOfPortal } from '../../src/aws/portal-host.ts';

describe('hosts of access portals', () => {
  it.each([
    ['d-1234567890.awsapps.com', undefined],
    ['D-1234567890.AWSAPPS.COM.', undefined],
    ['start.us-gov-home.awsapps.com', undefined],
    ['start.home.awsapps.cn', undefined],
    ['ssoins-1.portal.eu-west-1.app.aws', 'eu-west-1'],
    ['ssoins-1.eu-west-1.portal.amazonaws.com', 'eu-west-1'],
    ['ssoins-1.cn-north-1.portal.amazonaws.com.cn', 'cn-north-1'],
    ['ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn', 'cn-north-1'],
    ['ssoins-1.eusc-de-east-1.portal.amazonaws.eu', 'eusc-de-east-1'],
    ['ssoins-1.portal.eusc-de-east-1.api.amazonwebservices.eu', 'eusc-de-east-1'],
    ['identitycenter.amazonaws.com', undefined],
    ['identitycenter.us-gov.amazonaws.com', undefined],
    ['identitycenter.amazonaws.com.cn', undefined],
    ['identitycenter.amazonaws.eu', undefined],
  ])('%s is one, of region %s', (host, region) => {
    expect(isPortalHost(host)).toBe(true);
    expect(isAwsHost(host)).toBe(true);
    expect(regionOfPortal(host)).toBe(region);
  });

  it.each([
    'bucket.s3.amazonaws.com',
    'ec2-192-0-2-1.compute-1.amazonaws.com',
    'identitycenter.us-east-1.amazonaws.com',
    'x.identitycenter.amazonaws.com',
  ])('%s is AWS and no portal', (host) => {
    expect(isPortalHost(host)).toBe(false);
    expect(isAwsHost(host)).toBe(true);
  });

  it.each([
    'awsapps.com.evil.example',
    'd-1.awsapps.com.evil.example',
    'evilawsapps.com',
    'd-1.awsapps.comx',
    'portal.amazonaws.com.evil.example',
    'identitycenter.amazonaws.com.evil.example',
    'app.aws.evil.example',
    'awsapps.org',
    'localhost',
    '',
  ])('"%s" is neither', (host) => {
    expect(isPortalHost(host)).toBe(false);
    expect(isAwsHost(host)).toBe(false);
  });
});
