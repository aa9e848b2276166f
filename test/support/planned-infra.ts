import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { exampleVariables, infraFiles } from '../../src/infra/infra-files.ts';
import { builtForge } from './built-forge.ts';
import { offlineProviders, openTerraform } from './terraform.ts';

/**
 * What `terraform show -json` says of a first plan of what forge exports for a configuration: without AWS, but for the one call
 * with which the provider has a workflow judged, which is answered on loopback.
 */
export async function planInfra(
  installed: { readonly mirror: string },
  config: Config,
  variables: object = {},
): Promise<string> {
  const exported = await infraFiles(
    { program: { node: process.execPath, script: await builtForge() } },
    config,
  );
  const folder = await mkdtemp(join(tmpdir(), 'forge-planned-'));
  const judge = createServer((request, response) => {
    request.resume().on('end', () => response.end('{"result":"OK","diagnostics":[]}'));
  });
  try {
    for (const [path, bytes] of exported.files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    await new Promise<void>((resolve) => judge.listen(0, '127.0.0.1', resolve));
    const text = (name: string) => Buffer.from(exported.files.get(name) ?? []).toString();
    const aliases = [...text('providers.tf').matchAll(/alias {2}= "(.*)"/g)].map((match) => match[1]);
    await using terraform = await openTerraform(installed, folder, {
      'offline_override.tf': offlineProviders(
        [undefined, ...aliases],
        `http://127.0.0.1:${(judge.address() as AddressInfo).port}`,
        ['sfn'],
      ),
      'forge.auto.tfvars.json': JSON.stringify({ ...JSON.parse(text(exampleVariables)), ...variables }),
    });
    await terraform.init();
    const { status, stderr } = await terraform.run(['plan', '-out=plan']);
    if (status !== 0) throw new Error(stderr);
    return (await terraform.run(['show', '-json', 'plan'])).stdout;
  } finally {
    judge.close();
    await rm(folder, { recursive: true, force: true });
  }
}
