import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { loadFunctionsArchive } from './functions-archive.ts';
import { rootModule } from './root-module.ts';
import { terraformVariables } from './terraform-variables.ts';

/** What `forge infra export` writes: path in the folder, with `/`, → content. */
export interface InfraFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Hex SHA-256 of the functions' archive. */
  readonly archiveSha256: string;
}

export const exampleVariables = 'forge.auto.tfvars.json.example';

/**
 * All of it, from the installed package and forge.yaml. The same forge and the same forge.yaml are the same bytes.
 * @throws usage: INFRA_INCOMPLETE; failed: BROKEN_INSTALLATION
 */
export async function infraFiles(host: Pick<Host, 'program'>, config: Config): Promise<InfraFiles> {
  const variables = terraformVariables(config);
  const files = new Map<string, Uint8Array>();
  const put = (path: string, text: string) => files.set(path, new TextEncoder().encode(text));
  for (const [path, bytes] of await packagedFiles(host)) {
    // root/ is the folder itself; the rest keeps its place.
    files.set(path.replace(/^root\//, ''), bytes);
  }
  const root = rootModule({
    accessAccount: config.breakGlass?.account ?? '',
    homeRegion: config.breakGlass?.region ?? '',
    production: [...config.environments.values()]
      .filter(({ production }) => production)
      .map(({ name, account, region }) => ({ name, account, region })),
  });
  for (const [name, text] of Object.entries(root)) put(name, text);
  const archive = await loadFunctionsArchive(host);
  files.set('lambda/forge-breakglass.zip', archive.bytes);
  put(exampleVariables, `${JSON.stringify({ ...variables, ...onlyAwsKnows(config) }, null, 2)}\n`);
  return {
    files: new Map([...files].sort(([one], [other]) => (one < other ? -1 : 1))),
    archiveSha256: archive.sha256,
  };
}

/** What forge.yaml does not know: to be filled in by whoever copies the example. */
const onlyAwsKnows = ({ breakGlass }: Config) => ({
  identity_center_instance: 'arn:aws:sso:::instance/ssoins-0000000000000000',
  vpn_addresses: ['203.0.113.7/32'],
  auditors: ['grp-forge-auditors'],
  killers: breakGlass?.killPermissionSet === undefined ? [] : ['grp-forge-who-may-stop-anybody'],
});

/** infra/ of the package, beside bin/: its Terraform files, templates, tests and README. */
async function packagedFiles({
  program,
}: Pick<Host, 'program'>): Promise<readonly (readonly [string, Uint8Array])[]> {
  try {
    const infra = join(dirname(await realpath(program.script)), '..', 'infra');
    const entries = await readdir(infra, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter(
        (entry) => entry.isFile() && /\.(?:tf|json|hcl|md)$/.test(entry.name) && !entry.name.startsWith('.'),
      )
      .map((entry) => join(entry.parentPath, entry.name));
    if (paths.length === 0) throw new Error('infra/ is empty');
    return await Promise.all(
      paths.map(
        async (path) => [path.slice(infra.length + 1).replaceAll('\\', '/'), await readFile(path)] as const,
      ),
    );
  } catch (cause) {
    throw new ForgeError('failed', 'The Terraform modules that come with forge can’t be read.', {
      code: 'BROKEN_INSTALLATION',
      hint: 'install forge again',
      cause,
    });
  }
}
