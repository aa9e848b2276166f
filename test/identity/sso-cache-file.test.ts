import { basename } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCacheTime, registrationFile, tokenFile } from '../../src/identity/sso-cache-file.ts';
import { isoSeconds } from '../../src/lib/iso-seconds.ts';
import { pythonJson } from '../../src/lib/python-json.ts';
import formats from '../vectors/aws-formats.json' with { type: 'json' };

const host = { directories: { home: '/home/x' } } as Parameters<typeof tokenFile>[0];
const vectors = formats.sso_cache;
const nameOf = (path: string) => path.split('/').at(-1);
const place = { startUrl: 'https://d-1234567890.awsapps.com/start', region: 'us-east-1', session: 'forge' };

describe("names of the AWS CLI's cache files", () => {
  it('token of a sso-session, and of a profile from before them', () => {
    const { token_file_sso_session: named, token_file_legacy: legacy } = vectors;
    expect(basename(tokenFile(host, { session: named.session_name }))).toBe(nameOf(named.file));
    expect(basename(tokenFile(host, { session: legacy.start_url }))).toBe(nameOf(legacy.file));
  });

  it('registration without and with scopes', () => {
    const [without, withScopes] = vectors.registration_file;
    expect(basename(registrationFile(host, { ...place, scopes: [] }))).toBe(nameOf(without?.file ?? ''));
    const scopes = ['sso:account:access'];
    expect(basename(registrationFile(host, { ...place, scopes }))).toBe(nameOf(withScopes?.file ?? ''));
  });
});

describe("Python's JSON", () => {
  it('is the bytes that the AWS CLI wrote', () => {
    expect(pythonJson(JSON.parse(vectors.registration_file[1]?.hashed ?? ''))).toBe(
      vectors.registration_file[1]?.hashed,
    );
    // As json.dumps of Python 3.11 prints it.
    expect(
      pythonJson({ ä: ['€', '😀', '\u007f', '\u2028', '"\\/\n\u0001'], n: [1, true, null], e: [{}, []] }),
    ).toBe(
      '{"\\u00e4": ["\\u20ac", "\\ud83d\\ude00", "\\u007f", "\\u2028", "\\"\\\\/\\n\\u0001"], "n": [1, true, null], "e": [{}, []]}',
    );
  });

  it('is ASCII and means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
        const text = pythonJson(value);
        expect(text).toMatch(/^[ -~]*$/);
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value));
      }),
    );
  });
});

describe('times in the cache', () => {
  it('are whole seconds of UTC', () => {
    expect(isoSeconds(Date.UTC(2026, 10, 20, 21, 47, 55, 999))).toBe('2026-11-20T21:47:55Z');
  });

  it.each([
    ['2026-11-20T21:47:55Z', 55_000],
    ['2026-11-20T21:47:55UTC', 55_000],
    ['2026-11-20T21:47:55.500Z', 55_500],
    ['2026-11-20T21:47:55+00:00', 55_000],
  ])('%s is read', (text, milliseconds) => {
    expect(parseCacheTime(text)).toBe(Date.UTC(2026, 10, 20, 21, 47, 0) + milliseconds);
  });

  it.each([['soon'], [''], [undefined], [12], [null]])('%s is no time', (value) => {
    expect(parseCacheTime(value)).toBeUndefined();
  });
});
