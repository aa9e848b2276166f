import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fillTemplate, type TemplateNames } from '../../src/lib/fill-template.ts';
import { namesFor, policyTemplates } from '../support/policy-templates.ts';
import { findTerraform, openTerraform } from '../support/terraform.ts';

/** Terraform fills a template as the sandbox does: what is tested is what is deployed. No provider is started for it. */
const modules = join(import.meta.dirname, '..', '..', 'infra', 'modules');
const installed = findTerraform('that Terraform fills the templates as the sandbox does');
const names: TemplateNames = {
  ...namesFor(3),
  // What the workflow names beside: its functions.
  recorder: 'arn:aws:lambda:us-east-1:999999999999:function:forge-breakglass-recorder',
  revoker: 'arn:aws:lambda:us-east-1:999999999999:function:forge-breakglass-revoker',
  exporter: 'arn:aws:lambda:us-east-1:999999999999:function:forge-breakglass-exporter',
};
const rules = ['access-account', 'production-account'].flatMap((module) =>
  readdirSync(join(modules, module, 'rules'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => `${module}/rules/${file}`),
);
/** Every template, by its path below the modules. */
const templates = [
  ...policyTemplates.map(({ module, name }) => `${module}/policies/${name}.json`),
  ...rules,
  'access-account/workflow.asl.json',
];
const handedOver = Object.fromEntries(
  Object.entries(names).map(([name, value]) => [name, typeof value === 'string' ? value : value.join('","')]),
);
const fill = (path: string) => `"${path}" = jsondecode(templatefile("\${path.module}/${path}", local.names))`;

describe.skipIf(!installed)('every policy, event pattern and workflow', () => {
  test('is the same from Terraform', async () => {
    if (!installed) return;
    await using terraform = await openTerraform(installed, modules, {
      'names.json': JSON.stringify(handedOver),
      'main.tf': [
        'locals {\n  names = jsondecode(file("names.json"))\n}',
        `output "filled" {\n  value = {\n${templates.map(fill).join('\n')}\n  }\n}`,
      ].join('\n'),
    });
    await terraform.init();
    const planned = await terraform.run(['plan', '-out=plan']);
    expect(planned).toMatchObject({ status: 0, stderr: '' });
    const { planned_values } = JSON.parse((await terraform.run(['show', '-json', 'plan'])).stdout);
    const ours = templates.map((path) => [
      path,
      fillTemplate(JSON.parse(readFileSync(join(modules, path), 'utf8')), names),
    ]);
    expect(planned_values.outputs.filled.value).toEqual(Object.fromEntries(ours));
    expect(ours.length).toBeGreaterThan(50);
  });
});
