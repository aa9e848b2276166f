import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fillTemplate } from '../../src/lib/fill-template.ts';
import { namesFor, policyTemplates } from '../support/policy-templates.ts';
import { findTerraform, openTerraform } from '../support/terraform.ts';

/** Terraform fills a template as the sandbox does: what is tested is what is deployed. No provider is started for it. */
const installed = findTerraform('that Terraform fills the policies as the sandbox does');
const names = namesFor(3);
const handedOver = Object.fromEntries(
  Object.entries(names).map(([name, value]) => [name, typeof value === 'string' ? value : value.join('","')]),
);
const fill = ({ module, name }: { readonly module: string; readonly name: string }) =>
  `"${module}/${name}" = jsondecode(templatefile("\${path.module}/${module}/policies/${name}.json", local.names))`;

describe.skipIf(!installed)('every policy', () => {
  test('is the same from Terraform', async () => {
    if (!installed) return;
    const modules = join(import.meta.dirname, '..', '..', 'infra', 'modules');
    await using terraform = await openTerraform(installed, modules, {
      'names.json': JSON.stringify(handedOver),
      'main.tf': [
        'locals {\n  names = jsondecode(file("names.json"))\n}',
        `output "filled" {\n  value = {\n${policyTemplates.map(fill).join('\n')}\n  }\n}`,
      ].join('\n'),
    });
    await terraform.init();
    const planned = await terraform.run(['plan', '-out=plan']);
    expect(planned).toMatchObject({ status: 0, stderr: '' });
    const { planned_values } = JSON.parse((await terraform.run(['show', '-json', 'plan'])).stdout);
    const ours = policyTemplates.map(({ module, name, template }) => [
      `${module}/${name}`,
      fillTemplate(template, names),
    ]);
    expect(planned_values.outputs.filled.value).toEqual(Object.fromEntries(ours));
    expect(ours.length).toBeGreaterThan(45);
  });
});
