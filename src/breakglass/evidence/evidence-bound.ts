import { ForgeError } from '../../errors.ts';
import { isEvidenceFile } from '../protocol/keys.ts';

/** Of one session so much is held in memory at once: a day of recorded shells has less, and somebody may have written more. */
const mostEvidence = 256 * 1024 * 1024;

const mebibytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);

/** Undefined: there is room for all of its evidence. Else what is to be said. `files`: one version of each. */
export function tooMuchEvidence(
  id: string,
  files: readonly { readonly key: string; readonly size: number }[],
): string | undefined {
  let bytes = 0;
  for (const { key, size } of files) if (isEvidenceFile(key)) bytes += size;
  if (bytes <= mostEvidence) return undefined;
  return `The evidence of ${id} has ${mebibytes(bytes)} MiB; forge reads ${mebibytes(mostEvidence)} MiB of a session at most.`;
}

/** Before any of it is read. Throws EVIDENCE_TOO_LARGE. */
export function checkEvidence(
  bucket: string,
  id: string,
  files: readonly { readonly key: string; readonly size: number }[],
): void {
  const sentence = tooMuchEvidence(id, files);
  if (sentence === undefined) return;
  throw new ForgeError('failed', sentence, {
    code: 'EVIDENCE_TOO_LARGE',
    hint: `Its files are JSON lines: aws s3 cp --recursive s3://${bucket}/sessions/${id}/files/ .`,
  });
}
