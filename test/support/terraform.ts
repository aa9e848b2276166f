import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A real Terraform, offline: the provider comes from a folder of this machine, the keys are worth nothing, and nothing of the
 * person's own configuration is read. Starting the provider takes seconds and 500 MB: one plan for all tests of a file.
 */
export interface Terraform extends AsyncDisposable {
  /** A copy of what was given, to work in: Terraform writes a lock file beside the configuration. */
  readonly folder: string;
  /** The environment of terraform, for a test that starts it by itself. */
  readonly env: Readonly<Record<string, string>>;
  /** Never rejects for an exit code. `in` is a folder below `folder`. */
  run(args: readonly string[], options?: { readonly in?: string }): Promise<TerraformResult>;
  /** `terraform init` without a backend; fails with what terraform said. */
  init(options?: { readonly in?: string }): Promise<void>;
}

export interface TerraformResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Folder for terraform's `filesystem_mirror`; undefined, and said once, when the tests have to skip. */
export function findTerraform(tests: string): { readonly mirror: string } | undefined {
  const missing = whatIsMissing();
  if (typeof missing === 'string') {
    process.stderr.write(`\nSkipped for lack of ${missing}: ${tests}\n`);
    return undefined;
  }
  return missing;
}

function whatIsMissing(): { readonly mirror: string } | string {
  if (spawnSync('terraform', ['version'], { stdio: 'ignore' }).status !== 0) return 'terraform';
  const mirror = mirrorFolders().find(hasProvider);
  return mirror === undefined
    ? "terraform's provider hashicorp/aws >= 5.100 (TF_PLUGIN_MIRROR, made by `terraform providers mirror`)"
    : { mirror };
}

/** TF_PLUGIN_MIRROR, the folders that terraform itself looks into, and what is installed below /opt. */
function mirrorFolders(): readonly string[] {
  const named = process.env.TF_PLUGIN_MIRROR;
  if (named) return [named];
  const inOpt = existsSync('/opt') ? readdirSync('/opt').map((name) => join('/opt', name)) : [];
  return [
    join(homedir(), '.terraform.d', 'plugins'),
    join(homedir(), '.local', 'share', 'terraform', 'plugins'),
    join(homedir(), 'Library', 'Application Support', 'io.terraform', 'plugins'),
    '/usr/local/share/terraform/plugins',
    '/usr/share/terraform/plugins',
    ...inOpt,
  ];
}

function hasProvider(mirror: string): boolean {
  const folder = join(mirror, 'registry.terraform.io', 'hashicorp', 'aws');
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((name) => {
    const [, major, minor] = /(\d+)\.(\d+)\.\d+/.exec(name) ?? [];
    return Number(major) === 6 || (Number(major) === 5 && Number(minor) >= 100);
  });
}

/**
 * Copies `source` (a folder with configuration) and gets terraform ready for it. `files` are written into the copy: the
 * override of the providers (`offlineProviders`), variables. `more` is added to the environment: where an emulator answers.
 */
export async function openTerraform(
  installed: { readonly mirror: string },
  source: string,
  files: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
): Promise<Terraform> {
  const home = await mkdtemp(join(tmpdir(), 'forge-terraform-'));
  const folder = join(home, 'work');
  await cp(source, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const cliConfig = join(home, 'terraform.rc');
  // No `direct`: a provider that is not in the folder is an error here, and never a download.
  await writeFile(
    cliConfig,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(installed.mirror)}\n  }\n}\n`,
  );
  const env = {
    ...fakeIdentity,
    PATH: process.env.PATH ?? '',
    ...(process.env.SystemRoot ? { SystemRoot: process.env.SystemRoot } : {}),
    HOME: home,
    TMPDIR: home,
    TF_CLI_CONFIG_FILE: cliConfig,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
    ...more,
  };
  const running = new Set<() => void>();
  const run: Terraform['run'] = async (args, options = {}) => {
    const below = options.in ?? '.';
    const data = join(home, 'data', below.replaceAll(/[^\w-]/g, '_'));
    await mkdir(data, { recursive: true });
    const child = spawn('terraform', [...args, ...(args[0] === 'show' ? [] : ['-no-color'])], {
      cwd: join(folder, below),
      env: { ...env, TF_DATA_DIR: data },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stop = () => child.kill('SIGKILL');
    running.add(stop);
    const [out, err]: Buffer[][] = [[], []];
    child.stdout.on('data', (bytes: Buffer) => out?.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err?.push(bytes));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    }).finally(() => running.delete(stop));
    return {
      status,
      stdout: Buffer.concat(out ?? []).toString(),
      stderr: Buffer.concat(err ?? []).toString(),
    };
  };
  return {
    folder,
    env,
    run,
    async init(options = {}) {
      const result = await run(['init', '-backend=false', '-input=false'], options);
      if (result.status !== 0) throw new Error(`terraform init failed:\n${result.stdout}${result.stderr}`);
    },
    async [Symbol.asyncDispose]() {
      for (const stop of running) stop();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const fakeIdentity = {
  AWS_ACCESS_KEY_ID: 'AKIAFORGETESTONLY000',
  AWS_SECRET_ACCESS_KEY: 'worth-nothing',
  AWS_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
};

/**
 * Text of an override file (its name must end in `_override.tf`) with which no provider of a root module asks AWS anything:
 * `undefined` is the one without an alias. An assume_role of the module is replaced by the fake keys. `services` are asked at
 * `endpoint`.
 */
export function offlineProviders(
  aliases: readonly (string | undefined)[],
  endpoint?: (alias: string | undefined) => string,
  services: readonly string[] = [],
): string {
  return aliases
    .map((alias) =>
      [
        'provider "aws" {',
        ...(alias === undefined ? [] : [`  alias = ${JSON.stringify(alias)}`]),
        ...Object.entries(fakeProvider).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`),
        '  dynamic "assume_role" {\n    for_each = []\n    content {}\n  }',
        ...(endpoint === undefined ? [] : endpoints(endpoint(alias), services)),
        '}',
      ].join('\n'),
    )
    .join('\n\n');
}

const fakeProvider = {
  access_key: fakeIdentity.AWS_ACCESS_KEY_ID,
  secret_key: fakeIdentity.AWS_SECRET_ACCESS_KEY,
  skip_credentials_validation: true,
  skip_requesting_account_id: true,
  skip_metadata_api_check: true,
  skip_region_validation: true,
  s3_use_path_style: true,
};

function endpoints(url: string, services: readonly string[]): readonly string[] {
  return ['  endpoints {', ...services.map((name) => `    ${name} = ${JSON.stringify(url)}`), '  }'];
}
