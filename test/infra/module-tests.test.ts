import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTerraform, openTerraform } from '../support/terraform.ts';

const infra = join(import.meta.dirname, '..', '..', 'infra');
const installed = findTerraform("the modules' own tests, infra/module-tests");

/** Not `tests`: there `terraform validate` would look into them, and not see which providers they name. */
const folder = 'module-tests';
const where = `-test-directory=${folder}`;

/** `terraform test` wants a root module beside the tests: in an exported folder that is main.tf. */
const emptyRoot = 'terraform {\n  required_version = ">= 1.9"\n}\n';

describe.skipIf(!installed)("the modules' own tests", () => {
  test('pass, each of them, against a provider that asks nobody', async () => {
    if (!installed) return;
    await using terraform = await openTerraform(installed, infra, { 'main.tf': emptyRoot });
    expect(await terraform.run(['init', '-backend=false', '-input=false', where])).toMatchObject({
      status: 0,
    });
    const { status, stdout, stderr } = await terraform.run(['test', where]);
    const failed = stdout.split('\n').filter((line) => /\.\.\. (?:fail|skip)$/.test(line));
    expect({ status, failed, stderr: stderr.slice(0, 4_000) }).toEqual({ status: 0, failed: [], stderr: '' });
    const files = (await readdir(join(infra, folder))).filter((name) => name.endsWith('.tftest.hcl'));
    for (const file of files) expect(stdout).toContain(`${folder}/${file}... pass`);
  }, 600_000);
});
