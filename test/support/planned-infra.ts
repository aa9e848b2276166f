import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { exampleVariables, infraFiles } from '../../src/infra/infra-files.ts';
import { builtForge } from './built-forge.ts';
import { type PlanTimeRegion, planTimeServices, startPlanTimeAws } from './plan-time-aws.ts';
import { offlineProviders, openTerraform, type Terraform } from './terraform.ts';

export interface PlannedInfra extends AsyncDisposable {
  /** In the exported folder, for what a test asks beside. */
  readonly terraform: Terraform;
  /** What `terraform show -json` says of the first plan. */
  readonly json: string;
  /** What terraform printed while it planned: warnings. */
  readonly printed: string;
  /** `<provider's alias> <call>`: what AWS was asked. */
  readonly asked: readonly string[];
}

/**
 * A first plan of what forge exports for a configuration, without AWS: what it asks there is answered on loopback. `there` is
 * alias of the provider → databases, clusters and roles that are there already.
 */
export async function planInfra(
  installed: { readonly mirror: string },
  config: Config,
  variables: object = {},
  there: Readonly<Record<string, PlanTimeRegion>> = {},
): Promise<PlannedInfra> {
  const exported = await infraFiles(
    { program: { node: process.execPath, script: await builtForge() } },
    config,
  );
  const folder = await mkdtemp(join(tmpdir(), 'forge-planned-'));
  await using aws = await startPlanTimeAws(there);
  try {
    for (const [path, bytes] of exported.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    const text = (name: string) => Buffer.from(exported.files.get(name) ?? []).toString();
    const aliases = [...text('providers.tf').matchAll(/alias {2}= "(.*)"/g)].map((match) => match[1]);
    const terraform = await openTerraform(installed, folder, {
      'offline_override.tf': offlineProviders([undefined, ...aliases], aws.endpoint, planTimeServices),
      'forge.auto.tfvars.json': JSON.stringify({ ...JSON.parse(text(exampleVariables)), ...variables }),
    });
    try {
      await terraform.init();
      const { status, stdout, stderr } = await terraform.run(['plan', '-out=plan']);
      if (status !== 0) throw new Error(`${stdout.slice(-2_000)}${stderr}`);
      const json = (await terraform.run(['show', '-json', 'plan'])).stdout;
      return {
        ...{ terraform, json, printed: `${stdout}${stderr}`, asked: aws.asked },
        [Symbol.asyncDispose]: () => terraform[Symbol.asyncDispose](),
      };
    } catch (error) {
      await terraform[Symbol.asyncDispose]();
      throw error;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
