import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundaryDocument, type Cut, parseBoundary } from '../../../src/breakglass/protocol/boundary.ts';
import { minute, noon, people } from '../../support/break-glass-story.ts';

const user = (number: number) => `9067f7c0de-00000000-0000-0000-0000-${String(number).padStart(12, '0')}`;

interface Statement {
  readonly Effect: string;
  readonly Condition?: {
    readonly StringEquals?: { readonly 'identitystore:UserId': string | readonly string[] };
    readonly DateLessThanEquals: { readonly 'aws:TokenIssueTime': string };
  };
}
const statements = (document: string): readonly Statement[] => JSON.parse(document).Statement;

/** What IAM would say of a token that was issued to this person at that time. */
function isCut(document: string, userId: string, issuedAt: number): boolean {
  return statements(document).some(({ Effect, Condition }) => {
    if (Effect !== 'Deny' || Condition === undefined) return false;
    const users = Condition.StringEquals?.['identitystore:UserId'];
    const meant =
      users === undefined || (typeof users === 'string' ? users === userId : users.includes(userId));
    return meant && issuedAt <= Date.parse(Condition.DateLessThanEquals['aws:TokenIssueTime']);
  });
}

describe('the boundary', () => {
  it('takes nothing away from anybody else', () => {
    const [allow, ...rest] = statements(boundaryDocument([], noon));
    expect(allow).toEqual({ Sid: 'TakesNothingAway', Effect: 'Allow', Action: '*', Resource: '*' });
    expect(rest).toEqual([]);
    const document = boundaryDocument([{ userId: people.dana.userId, at: noon }], noon);
    expect(isCut(document, people.dana.userId, noon)).toBe(true);
    expect(isCut(document, people.dana.userId, noon + 1_000)).toBe(false);
    expect(isCut(document, people.mia.userId, noon - minute)).toBe(false);
  });

  it('keeps the newest cut of each person, and none older than 75 minutes', () => {
    const cuts = [
      { userId: user(1), at: noon - 10 * minute },
      { userId: user(1), at: noon - 20 * minute },
      { userId: user(2), at: noon - 76 * minute },
      { userId: user(3), at: noon - 75 * minute },
      { userId: 'not an id', at: noon },
      { userId: user(4), at: Number.NaN },
    ];
    expect(parseBoundary(boundaryDocument(cuts, noon))).toEqual([
      { userId: user(3), at: noon - 75 * minute },
      { userId: user(1), at: noon - 10 * minute },
    ]);
  });

  it('cuts a token of the very second', () => {
    const document = boundaryDocument([{ userId: user(1), at: noon + 1 }], noon + 1);
    expect(isCut(document, user(1), noon + 999)).toBe(true);
  });

  it('never grows over IAM’s limit, and never forgets anybody', () => {
    const cut = fc.record({
      userId: fc.nat({ max: 400 }).map(user),
      at: fc.integer({ min: noon - 70 * minute, max: noon }),
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
        for (const { userId, at } of cuts) expect(isCut(document, userId, at)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('of hundreds cuts everybody, until it is old', () => {
    const cuts = Array.from({ length: 300 }, (_, number) => ({ userId: user(number), at: noon }));
    const document = boundaryDocument(cuts, noon);
    expect(parseBoundary(document)).toEqual([{ userId: '*', at: noon }]);
    expect(isCut(document, 'anybody', noon)).toBe(true);
    expect(parseBoundary(boundaryDocument(parseBoundary(document), noon + 76 * minute))).toEqual([]);
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
