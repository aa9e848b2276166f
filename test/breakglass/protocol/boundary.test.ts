import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  boundaryDocument,
  type Cut,
  extendBoundary,
  parseBoundary,
} from '../../../src/breakglass/protocol/boundary.ts';
import { minute, noon, people } from '../../support/break-glass-story.ts';

const user = (number: number) => `9067f7c0de-00000000-0000-0000-0000-${String(number).padStart(12, '0')}`;

interface Statement {
  readonly Effect: string;
  readonly Condition?: {
    readonly StringEquals?: Readonly<Record<string, string | readonly string[]>>;
    readonly ArnLike?: { readonly 'aws:PrincipalArn': string };
    readonly DateLessThanEquals: { readonly 'aws:TokenIssueTime': string };
  };
}
const statements = (document: string): readonly Statement[] => JSON.parse(document).Statement;

const fromIdentityCenter = 'identitystore:UserId';
const assumed = 'aws:SourceIdentity';

/** What IAM would say of a session with this value under this key, issued at that time. */
function isRefused(
  document: string,
  key: string,
  value: string,
  issuedAt: number,
  set = 'Forge-Prod-Database',
): boolean {
  return statements(document).some(({ Effect, Condition }) => {
    if (Effect !== 'Deny' || Condition === undefined) return false;
    const { StringEquals } = Condition;
    const users = StringEquals?.[key];
    const meant =
      StringEquals === undefined || (typeof users === 'string' ? [users] : users)?.includes(value);
    const role = `aws-reserved/sso.amazonaws.com/us-east-1/AWSReservedSSO_${set}_0123456789abcdef`;
    const like = Condition.ArnLike?.['aws:PrincipalArn'];
    if (like !== undefined && !matches(like, `arn:aws:iam::333333333333:role/${role}`)) return false;
    return meant === true && issuedAt <= Date.parse(Condition.DateLessThanEquals['aws:TokenIssueTime']);
  });
}

const matches = (pattern: string, text: string): boolean =>
  new RegExp(`^${pattern.replaceAll(/[.+]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(
    text,
  );

/** Of a person: both as Identity Center signs them in, and as tier 0 does. */
function isCut(document: string, userId: string, issuedAt: number): boolean {
  const [own, chained] = [fromIdentityCenter, assumed].map((key) =>
    isRefused(document, key, userId, issuedAt),
  );
  expect(chained).toBe(own);
  return own === true;
}

describe('the boundary', () => {
  it('takes nothing away from anybody else', () => {
    const [allow, ...rest] = statements(boundaryDocument([], noon));
    expect(allow).toEqual({ Sid: 'TakesNothingAway', Effect: 'Allow', Action: '*', Resource: '*' });
    expect(rest).toEqual([]);
    const document = boundaryDocument([{ who: people.dana.userId, at: noon }], noon);
    expect(isCut(document, people.dana.userId, noon)).toBe(true);
    expect(isCut(document, people.dana.userId, noon + 1_000)).toBe(false);
    expect(isCut(document, people.mia.userId, noon - minute)).toBe(false);
  });

  it('keeps what it refuses as long as credentials live, which is four hours, for a grant’s and tier 3’s', () => {
    for (const who of ['dana+mia', '*', user(1), 'dana@tapp.example']) {
      const cuts = [{ who, at: noon - 254 * minute }];
      expect(parseBoundary(boundaryDocument(cuts, noon))).toEqual(cuts);
      expect(parseBoundary(boundaryDocument(cuts, noon + 2 * minute))).toEqual([]);
    }
  });

  it('keeps the newest cut of each person, and none older than 255 minutes', () => {
    const cuts = [
      { who: user(1), at: noon - 10 * minute },
      { who: user(1), at: noon - 20 * minute },
      { who: user(2), at: noon - 256 * minute },
      { who: user(3), at: noon - 255 * minute },
      { who: 'not an id', at: noon },
      { who: user(4), at: Number.NaN },
    ];
    expect(parseBoundary(boundaryDocument(cuts, noon))).toEqual([
      { who: user(3), at: noon - 255 * minute },
      { who: user(1), at: noon - 10 * minute },
    ]);
  });

  it('refuses what was assumed in somebody’s name, and nobody whose own name that is not', () => {
    const name = 'dana@tapp.example';
    const document = boundaryDocument([{ who: name, at: noon }], noon);
    expect(isRefused(document, assumed, name, noon)).toBe(true);
    expect(isRefused(document, assumed, name, noon + 1_000)).toBe(false);
    expect(isRefused(document, assumed, 'mia@tapp.example', noon)).toBe(false);
    // A name is no user id: nothing is compared with it.
    expect(document).not.toContain(fromIdentityCenter);
    expect(parseBoundary(document)).toEqual([{ who: name, at: noon }]);
  });

  it('refuses what one permission set issued, and neither another’s nor what was assumed in the id', () => {
    const cuts: Cut[] = [{ who: user(1), at: noon, only: { issuedBy: 'Forge-Prod' } }];
    const document = boundaryDocument(cuts, noon);
    expect(isRefused(document, fromIdentityCenter, user(1), noon, 'Forge-Prod')).toBe(true);
    expect(isRefused(document, fromIdentityCenter, user(1), noon + 1_000, 'Forge-Prod')).toBe(false);
    // A longer name begins with the same.
    expect(isRefused(document, fromIdentityCenter, user(1), noon, 'Forge-Prod_Database')).toBe(false);
    expect(isRefused(document, assumed, user(1), noon)).toBe(false);
    expect(parseBoundary(document)).toEqual(cuts);
    const inTheirName: Cut[] = [{ who: user(1), at: noon, only: 'assumed' }];
    expect(isRefused(boundaryDocument(inTheirName, noon), fromIdentityCenter, user(1), noon)).toBe(false);
    expect(isRefused(boundaryDocument(inTheirName, noon), assumed, user(1), noon)).toBe(true);
    expect(parseBoundary(boundaryDocument(inTheirName, noon))).toEqual(inTheirName);
  });

  it('adds what is wider or later, and leaves a boundary as it is that has all of it', () => {
    const narrow: Cut = { who: user(1), at: noon, only: { issuedBy: 'Forge-Prod' } };
    const all: Cut = { who: user(1), at: noon };
    const document = boundaryDocument([all], noon);
    for (const cut of [narrow, all, { ...narrow, at: noon - 1_000 }])
      expect(extendBoundary([document], [cut], noon)).toBe(document);
    for (const cut of [all, { ...narrow, at: noon + 1_000 }, { ...narrow, only: 'assumed' } as const])
      expect(parseBoundary(extendBoundary([boundaryDocument([narrow], noon)], [cut], noon))).not.toEqual([
        narrow,
      ]);
    // A permission set that IAM would read as a pattern narrows nothing.
    const odd = boundaryDocument([{ ...narrow, only: { issuedBy: '*' } }], noon);
    expect(isRefused(odd, fromIdentityCenter, user(1), noon, 'Any')).toBe(true);
  });

  it('has nothing in it that means something to IAM', () => {
    for (const who of [`\${aws:userid}`, 'da?a', 'd*', '', 'a', ' ', 'x'.repeat(65)])
      expect(parseBoundary(boundaryDocument([{ who, at: noon }], noon))).toEqual([]);
  });

  it('cuts a token of the very second', () => {
    const document = boundaryDocument([{ who: user(1), at: noon + 1 }], noon + 1);
    expect(isCut(document, user(1), noon + 999)).toBe(true);
  });

  it('never grows over IAM’s limit, and never forgets anybody', () => {
    const cut = fc.record({
      who: fc
        .nat({ max: 400 })
        .map((number) => (number % 3 === 0 ? `somebody-${number}@tapp.example` : user(number))),
      at: fc.integer({ min: noon - 70 * minute, max: noon }),
      only: fc.constantFrom<Cut['only']>(undefined, 'assumed', { issuedBy: 'A' }, { issuedBy: 'B' }),
    });
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 300 }), (cuts) => {
        // One after another, as the revoker does it: read, add, write.
        let document = boundaryDocument([], noon);
        for (let index = 0; index < cuts.length; index += 25) {
          const added: Cut[] = cuts.slice(index, index + 25);
          document = boundaryDocument([...parseBoundary(document), ...added], noon);
          expect(document.length).toBeLessThanOrEqual(6_144);
        }
        for (const { who, at, only } of cuts) {
          const set = typeof only === 'object' ? only.issuedBy : undefined;
          if (set === undefined || who.includes('@'))
            expect(isRefused(document, assumed, who, at)).toBe(true);
          if (!who.includes('@') && only !== 'assumed')
            expect(isRefused(document, fromIdentityCenter, who, at, set)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('of hundreds cuts everybody, until it is old', () => {
    const cuts = Array.from({ length: 300 }, (_, number) => ({ who: user(number), at: noon }));
    const document = boundaryDocument(cuts, noon);
    expect(parseBoundary(document)).toEqual([{ who: '*', at: noon }]);
    expect(isCut(document, 'anybody', noon)).toBe(true);
    expect(parseBoundary(boundaryDocument(parseBoundary(document), noon + 256 * minute))).toEqual([]);
  });

  it('that somebody else wrote has no cuts', () => {
    for (const text of ['', '[]', '{}', '{"Statement":[null,1,{"Effect":"Deny","Action":"*"}]}'])
      expect(parseBoundary(text)).toEqual([]);
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseBoundary(text)).toEqual([]);
      }),
    );
  });
});
