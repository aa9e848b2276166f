import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/breakglass/protocol/verify-chain.ts';
import { audited, goodArchive, policy } from '../../support/break-glass-archive.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** An archive of one grant with three pieces of evidence, which say that they are these. */
function verifyWith(numbers: readonly number[], sealed = true): readonly string[] {
  const { versions } = goodArchive([
    {
      kind: 'grant',
      stuck: 0,
      uses: 0,
      shared: false,
      endedEarly: false,
      files: [],
      evidence: [bytes('a'), bytes('b')],
      late: [bytes('c')],
    },
  ]);
  let next = 0;
  const seal = versions
    .map(({ key }) => key)
    .filter((key) => /^sessions\/[^/]+\/\d{6}\.json$/.test(key))
    .sort()
    .at(-1);
  const there = versions.filter(({ key }) => sealed || key !== seal);
  const read = there.map((version) => {
    const piece = version.key.includes('/files/client-') ? numbers[next++] : undefined;
    if (piece === undefined) return version;
    return { ...version, evidence: { session: 'x', writer: '0123456789ab', piece, parts: [] } };
  });
  return verifyChain({ versions: read, policy, now: audited, trail: undefined }).findings.map(
    ({ code, message }) => `${code} ${message}`,
  );
}

describe('pieces of evidence', () => {
  it.each([[[0, 1, 2]], [[2, 0, 1]], [[0, 0, 1]]])('that are all there are fine: %j', (numbers) => {
    expect(verifyWith(numbers)).toEqual([]);
  });

  it('are not missed before the seal: it copies what came before AWS knew of the session', () => {
    expect(verifyWith([1, 2, 3]).join('\n')).toContain('evidence-gap');
    expect(verifyWith([1, 2, 3], false).join('\n')).not.toContain('evidence-gap');
  });

  it('of which one is missing are named, and what was made up makes no list without end', () => {
    expect(verifyWith([0, 3, 1])).toEqual([expect.stringMatching(/^evidence-gap .*piece 2 of machine 0123/)]);
    expect(verifyWith([0, 1, 9_999_999]).length).toBeLessThanOrEqual(100);
  });
});
