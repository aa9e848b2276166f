import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTerraform, offlineProviders, openTerraform } from '../support/terraform.ts';

const installed = findTerraform("Terraform's own checks of infra/");

describe.skipIf(!installed)('infra/, as terraform sees it', () => {
  test('a configuration is planned without asking AWS, also where its provider assumes a role', async () => {
    if (!installed) return;
    await using terraform = await openTerraform(installed, join(import.meta.dirname, 'one-bucket'), {
      'offline_override.tf': offlineProviders([undefined]),
    });
    await terraform.init();
    const { status, stderr } = await terraform.run(['plan', '-out=plan']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const shown = await terraform.run(['show', '-json', 'plan']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ complete: true, errored: false });
  });
});
