import { expect, it } from 'vitest';
import { checkEvidence, tooMuchEvidence } from '../../../src/breakglass/evidence/evidence-bound.ts';
import { evidenceFile, fileKey } from '../../../src/breakglass/protocol/keys.ts';
import { people, requestId } from '../../support/break-glass-story.ts';

const pieces = (count: number, size: number, userId?: string) =>
  Array.from({ length: count }, (_, number) => ({
    key: fileKey(requestId, evidenceFile(number, userId)),
    size,
  }));
const mebibyte = 1024 * 1024;

it('of a session so much is read that fits into the memory, and no more; what AWS wrote does not count', () => {
  expect(tooMuchEvidence(requestId, pieces(256, mebibyte))).toBeUndefined();
  const trail = { key: fileKey(requestId, 'cloudtrail-000001.jsonl'), size: 900 * mebibyte };
  expect(() => checkEvidence('archive', requestId, [...pieces(256, mebibyte), trail])).not.toThrow();
  for (const userId of [undefined, people.sven.userId])
    expect(() => checkEvidence('archive', requestId, pieces(5_000, mebibyte, userId))).toThrow(
      `The evidence of ${requestId} has 5000 MiB; forge reads 256 MiB of a session at most.`,
    );
});
