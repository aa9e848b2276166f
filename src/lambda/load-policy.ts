import type { StoredObject } from '../breakglass/protocol/document.ts';
import { type Policy, parsePolicy, policyBytes, policyKey } from '../breakglass/protocol/policy.ts';
import { ForgeError } from '../errors.ts';

export interface PolicySource {
  readonly bucket: string;
  readonly key: string;
  /** Undefined: there is no such object. */
  get(limit: number): Promise<StoredObject | undefined>;
}

/**
 * The policy that the function's variables name. Throws INVALID_POLICY: it can't be read, its bytes are not those that its name
 * says, or it is none. A function that does not know who may have what does nothing, and is tried again.
 */
export async function loadPolicy({ bucket, key, get }: PolicySource): Promise<Policy> {
  const invalid = (problem: string, cause?: unknown) =>
    new ForgeError('failed', `The policy s3://${bucket}/${key} ${problem}.`, {
      code: 'INVALID_POLICY',
      cause,
    });
  const stored = await get(policyBytes).catch((cause: unknown) => {
    throw invalid(`can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  });
  if (stored === undefined) throw invalid('is not there');
  if (policyKey(stored.bytes) !== key) throw invalid('has other content than its name says');
  const parsed = parsePolicy(new TextDecoder().decode(stored.bytes));
  if (!parsed.ok) throw invalid(`can't be used: ${parsed.problem}`);
  return parsed.value;
}
