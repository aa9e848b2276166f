import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOfflineKey } from '../../../src/breakglass/offline/offline-key.ts';
import { offlinePeople, splitPeople } from '../../../src/breakglass/offline/offline-people.ts';
import { encodeVaultItem, parseVaultItem } from '../../../src/breakglass/offline/vault-item.ts';
import { buildBreakGlass } from '../../../src/config/build-break-glass.ts';

const tier = (devices: Record<string, string>) => {
  const found = buildBreakGlass({
    tiers: { '3': { approval: 'two-people', mfa_devices: devices } },
  }).tiers.get('3');
  if (found === undefined) throw new Error('no tier');
  return found;
};
const three = tier({
  sven: 'arn:aws:iam::999999999999:mfa/sven',
  'mia@tapp.example': 'arn:aws:iam::999999999999:mfa/mia',
});

describe('the two people', () => {
  it('are told apart with and without their domain, and named as AWS takes it', () => {
    expect(offlinePeople(three, 'Sam', 'sven')).toEqual({
      keyHolder: 'sam',
      deviceHolder: 'sven',
      mfaSerial: 'arn:aws:iam::999999999999:mfa/sven',
      both: 'sam+sven',
    });
    expect(offlinePeople(three, 'sam', 'mia').mfaSerial).toBe('arn:aws:iam::999999999999:mfa/mia');
    for (const [first, second] of [
      ['sven', 'sven'],
      ['SVEN@tapp.example', 'sven'],
      ['sven', 'Sven@other.example'],
    ])
      expect(() => offlinePeople(three, first ?? '', second ?? '')).toThrow(/one person/);
    expect(() => offlinePeople(three, 'sam', 'dana')).toThrow(/no MFA device that dana holds/);
    expect(() => offlinePeople(three, 'sam+x', 'sven')).toThrow(/no name/);
    expect(() => offlinePeople(three, `${'a'.repeat(60)}`, 'sven')).toThrow(/64 characters/);
    expect(() => splitPeople('sam')).toThrow(/Two people/);
    expect(() => splitPeople('sam,sven,mia')).toThrow(/Two people/);
    expect(splitPeople('sam, sven')).toEqual(['sam', 'sven']);
  });

  it('whatever is typed: refused, or a SourceIdentity of AWS with exactly one + between two names', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (typed) => {
        let both: string | undefined;
        try {
          both = offlinePeople(three, typed, 'sven').both;
        } catch (error) {
          expect(error).toMatchObject({ kind: 'usage' });
          return;
        }
        expect(both).toMatch(/^[\w=,.@-]{2,}\+sven$/);
        expect(both.length).toBeLessThanOrEqual(64);
      }),
    );
  });
});

describe('an item of the vault', () => {
  const id = '11111111-2222-4333-8444-555555555555';
  const key = (letter: string) => {
    const made = parseOfflineKey(`AKIA${letter.repeat(16)}`, letter.repeat(40));
    if (made === undefined) throw new Error('no key');
    return made;
  };
  const shapes = {
    login: {
      id,
      name: 'x',
      notes: 'kept',
      login: { username: `AKIA${'A'.repeat(16)}`, password: 'A'.repeat(40), totp: 't' },
    },
    fields: {
      id,
      login: { username: 'sam', password: 'other' },
      fields: [
        { name: 'aws_access_key_id', value: `AKIA${'A'.repeat(16)}`, type: 0 },
        { name: 'note', value: 'kept', type: 0 },
        { name: 'aws_secret_access_key', value: 'A'.repeat(40), type: 1 },
      ],
    },
  };

  it.each(Object.entries(shapes))(
    '%s: the key is replaced where it is, and all else stays',
    (_name, shape) => {
      const item = parseVaultItem(JSON.stringify(shape));
      if (item === undefined) throw new Error('not read');
      expect(item.key.accessKeyId).toBe(key('A').accessKeyId);
      const text = Buffer.from(encodeVaultItem(item, key('B')), 'base64').toString();
      const changed = parseVaultItem(text);
      expect(changed?.key.secretAccessKey.reveal()).toBe('B'.repeat(40));
      expect(text.replaceAll('B', 'A')).toBe(JSON.stringify(shape));
    },
  );

  it('is none without an id, a key or a secret', () => {
    for (const text of [
      '',
      '[]',
      '{}',
      JSON.stringify({ id }),
      JSON.stringify({ id: '../x', login: shapes.login.login }),
    ])
      expect(parseVaultItem(text)).toBeUndefined();
    expect(
      parseVaultItem(JSON.stringify({ id, login: { username: 'sam', password: 'pw' } })),
    ).toBeUndefined();
    fc.assert(fc.property(fc.json(), (text) => void parseVaultItem(text)));
  });
});
