import { describe, expect, it } from 'vitest';
import { findPlaceholders } from '../../src/infra/placeholders.ts';

const resource = (address: string, values: object) => ({
  ...{ address, module: '', type: 'x', name: 'y', index: undefined },
  values: values as Readonly<Record<string, unknown>>,
});
const textsOf = (values: object) => findPlaceholders([resource('a', values)]).map(({ text }) => text);

describe('what stands in for an organisation’s own', () => {
  it.each([
    ['arn:aws:sso:::instance/ssoins-0000000000000000', 'ssoins-0000000000000000'],
    ['{"aws:SourceIp":["203.0.113.7/32"]}', '203.0.113.7/32'],
    ['192.0.2.1', '192.0.2.1'],
    ['198.51.100.0/24', '198.51.100.0/24'],
    ['2001:db8::/48', '2001:db8::/48'],
    ['ops@example.com', 'ops@example.com'],
    ['platform@tapp.example', 'platform@tapp.example'],
    ['grp-forge-who-may-stop-anybody', 'grp-forge-who-may-stop-anybody'],
  ])('%s', (value, text) => {
    expect(textsOf({ deep: [{ value }] })).toEqual([text]);
  });

  it.each([
    'ssoins-1234567890abcdef',
    '203.0.114.7/32',
    '10.203.0.113',
    '2001:db9::/48',
    'ops@example-corp.com',
    'ops@examples.com',
    'ops@my.example.corp.com',
    'the example of a description',
  ])('not %s', (value) => {
    expect(textsOf({ value })).toEqual([]);
  });

  it('is named once, with the first place, however many have it', () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      resource(`a[${index}]`, { trust: '203.0.113.7/32', mail: 'a@example.org' }),
    );
    expect(findPlaceholders(many)).toEqual([
      { address: 'a[0]', text: '203.0.113.7/32' },
      { address: 'a[0]', text: 'a@example.org' },
    ]);
  });
});
