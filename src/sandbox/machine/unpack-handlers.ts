import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeZip } from '../../lib/zip.ts';

/**
 * A folder with what the functions' archive holds, as Lambda unpacks it: what runs here are the very bytes that are deployed.
 * `parent`: a folder that is removed by others too, should this process be killed.
 */
export function unpackHandlers(
  archive: string,
  parent = tmpdir(),
): { readonly folder: string; readonly remove: () => void } {
  const files = decodeZip(readFileSync(archive));
  const folder = mkdtempSync(join(parent, 'forge-handlers-'));
  for (const [name, content] of files) writeFileSync(join(folder, name), content, { mode: 0o444 });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
