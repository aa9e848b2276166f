import { listObjects } from '../../aws/s3.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import type { Finding } from './finding.ts';

/** What can be seen of the other side: only an auditor can, by the newest seal in the ledger. */
export async function lookAtServer(
  caller: DoctorCaller | undefined,
  archive: string | undefined,
): Promise<Omit<Finding, 'check'>> {
  if (archive === undefined) return { verdict: 'other', detail: 'forge.yaml names no archive' };
  if (caller === undefined) {
    return {
      verdict: 'other',
      detail: 'only auditors can see what it has sealed: forge audit verify --archive',
    };
  }
  const { aws, region, keys } = caller;
  let newest: { readonly key: string; readonly lastModified: number } | undefined;
  let entries = 0;
  for await (const page of listObjects(aws, region, keys, { bucket: archive, prefix: 'ledger/' })) {
    entries += page.length;
    newest = page.at(-1) ?? newest;
  }
  if (newest === undefined) return { verdict: 'other', detail: 'no session has been sealed yet' };
  const sealed = new Date(newest.lastModified).toISOString();
  return {
    verdict: 'ok',
    detail: `${entries} ${entries === 1 ? 'seal is' : 'seals are'} in the ledger, the newest of ${sealed}`,
  };
}
