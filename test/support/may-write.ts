import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestSandbox } from './sandbox.ts';

/** Standing access to write to prod-wealth, which nobody has in the sandbox: what to add to the person's environment. */
export async function mayWrite(
  sandbox: TestSandbox,
  person: string,
): Promise<{ readonly FORGE_CONFIG: string }> {
  await sandbox.admin.assign(person, '333333333333', 'Forge-Prod-Database');
  const own = readFileSync(sandbox.environment().FORGE_CONFIG ?? '', 'utf8');
  const file = join(sandbox.environment({ person }).HOME ?? '', 'elevated.yaml');
  writeFileSync(
    file,
    own.replace('permission_set: Forge-Wealth-ReadOnly', 'permission_set: Forge-Prod-Database'),
  );
  return { FORGE_CONFIG: file };
}
