import { RDSClient } from '@aws-sdk/client-rds';
import { SSOClient } from '@aws-sdk/client-sso';
import { SSOOIDCClient } from '@aws-sdk/client-sso-oidc';
import { STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { type AwsService, isLoopback, isRegionName, resolveEndpoint } from '../../src/aws/endpoint.ts';

const options = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
type RuleSet = (parameters: Record<string, unknown>) => { url: URL };
const ruleSets = {
  sts: new STSClient(options).config.endpointProvider,
  sso: new SSOClient(options).config.endpointProvider,
  sso_oidc: new SSOOIDCClient(options).config.endpointProvider,
  rds: new RDSClient(options).config.endpointProvider,
} as unknown as Record<AwsService, RuleSet>;

const regions = ['us-east-1', 'eu-west-1', 'ap-southeast-7', 'us-gov-west-1', 'cn-north-1', 'eusc-de-east-1'];

describe('endpoints', () => {
  const cases = Object.keys(ruleSets).flatMap((service) =>
    regions.flatMap((region) =>
      [false, true].flatMap((fips) => [false, true].map((dual) => [service, region, fips, dual] as const)),
    ),
  );
  it.each(cases)('%s in %s, FIPS %s, dual stack %s: as the SDK has it', (service, region, fips, dual) => {
    const theirs = () =>
      ruleSets[service as AwsService]({
        Region: region,
        UseFIPS: fips,
        UseDualStack: dual,
        UseGlobalEndpoint: false,
      }).url.href.replace(/\/$/, '');
    const env = { AWS_USE_FIPS_ENDPOINT: String(fips), AWS_USE_DUALSTACK_ENDPOINT: String(dual) };
    let expected: string;
    try {
      expected = theirs();
    } catch (error) {
      // The SDK refuses what a partition lacks; forge lets DNS say so.
      expect(String(error)).toContain('partition');
      expect(fips || dual).toBe(true);
      return;
    }
    expect(resolveEndpoint(env, service as AwsService, region)).toBe(expected);
  });

  it('are overridden, the service before all', () => {
    const env = {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566/',
      AWS_ENDPOINT_URL_STS: 'https://sts.example.com/base/',
    };
    expect(resolveEndpoint(env, 'sts', 'us-east-1')).toBe('https://sts.example.com/base');
    expect(resolveEndpoint(env, 'sso_oidc', 'us-east-1')).toBe('http://127.0.0.1:4566');
    const ignored = { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
    expect(resolveEndpoint(ignored, 'sts', 'us-east-1')).toBe('https://sts.us-east-1.amazonaws.com');
    expect(resolveEndpoint({ AWS_ENDPOINT_URL: '' }, 'sts', 'us-east-1')).toContain('amazonaws');
  });

  it.each([
    ['http://example.com'],
    ['http://localhost.example.com'],
    ['http://127.0.0.1.example.com'],
    ['http://10.0.0.1:4566'],
    ['http://0.0.0.0:4566'],
    ['https://user:secret@example.com'],
    ['ftp://127.0.0.1'],
    ['file:///etc/passwd'],
    ['127.0.0.1:4566'],
    ['nonsense'],
  ])('%s is refused, without showing what it holds', (url) => {
    const act = () => resolveEndpoint({ AWS_ENDPOINT_URL_STS: url }, 'sts', 'us-east-1');
    expect(act).toThrow(expect.objectContaining({ kind: 'usage', code: 'UNSAFE_ENDPOINT' }));
    expect(act).not.toThrow(/secret/);
  });

  it.each([
    ['us-east-1', true],
    ['us-gov-east-1', true],
    ['us-iso-east-1', true],
    ['ap-southeast-10', true],
    ['us-east-1.evil.example', false],
    ['us-east-1/x', false],
    ['', false],
    ['US-EAST-1', false],
  ])('%s as a region', (text, good) => {
    expect(isRegionName(text)).toBe(good);
    if (good) expect(resolveEndpoint({}, 'sts', text)).toContain(`.${text}.`);
    else expect(() => resolveEndpoint({}, 'sts', text)).toThrow('not the name of an AWS region');
  });

  it('loopback is 127.0.0.0/8, ::1 and localhost', () => {
    for (const host of ['127.0.0.1', '127.8.9.10', '[::1]', 'localhost']) expect(isLoopback(host)).toBe(true);
    for (const host of ['127.0.0.1.nip.io', '128.0.0.1', 'local', '0.0.0.0'])
      expect(isLoopback(host)).toBe(false);
  });
});
