import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { loadFunctionsArchive } from '../../src/infra/functions-archive.ts';
import { rootModule } from '../../src/infra/root-module.ts';
import { terraformVariables } from '../../src/infra/terraform-variables.ts';
import { builtForge } from './built-forge.ts';

const infra = join(import.meta.dirname, '..', '..', 'infra');

/** What `forge infra export` makes. */
export async function exportInfra(config: Config, folder: string): Promise<void> {
  const { breakGlass } = config;
  const production = [...config.environments.values()].filter((environment) => environment.production);
  await mkdir(join(folder, 'lambda'), { recursive: true });
  await cp(join(infra, 'root'), folder, { recursive: true });
  await cp(join(infra, 'modules'), join(folder, 'modules'), { recursive: true });
  const root = rootModule({
    accessAccount: breakGlass?.account ?? '',
    homeRegion: breakGlass?.region ?? '',
    production: production.map(({ name, account, region }) => ({ name, account, region })),
  });
  for (const [name, text] of Object.entries(root)) await writeFile(join(folder, name), text);
  const { bytes } = await loadFunctionsArchive({ program: { node: '', script: await builtForge() } });
  await writeFile(join(folder, 'lambda', 'forge-breakglass.zip'), bytes);
  await writeFile(join(folder, 'forge.auto.tfvars.json'), JSON.stringify(terraformVariables(config)));
}
