import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { policyFile } from '../../breakglass/protocol/policy.ts';

/** The bundle's name in the archive: handlers are `index.recorder` and so on. */
export const bundleFile = 'index.cjs';

/**
 * A folder with what the functions' archive holds, as Lambda unpacks it: the bundle, and the policy beside it. `parent`: a
 * folder that is removed by others too, should this process be killed.
 */
export function packHandlers(
  bundle: string,
  policy: string,
  parent = tmpdir(),
): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(parent, 'forge-handlers-'));
  copyFileSync(bundle, join(folder, bundleFile));
  writeFileSync(join(folder, policyFile), policy);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
