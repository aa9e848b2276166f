import { realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { defineCommand } from '../../command.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { exampleVariables, infraFiles } from '../../infra/infra-files.ts';
import { type ExportPlan, planExport, sha256 } from '../../infra/plan-export.ts';
import { writeExport } from '../../infra/write-export.ts';
import { version } from '../../version.ts';

interface ExportOptions {
  readonly force?: boolean;
}

export default defineCommand<ExportOptions>({
  description:
    'Writes the server side of break-glass as Terraform, made for your forge.yaml: modules, root module, the functions’ archive, an example of the variables, tests. For your own infrastructure repository.',
  arguments: [{ name: '<folder>', description: 'where to write; it is made if it is not there' }],
  options: [{ flags: '--force', description: 'replace a file that is there' }],
  examples: [
    ['forge infra export infra/break-glass', 'writes it, and says what to do next'],
    ['forge infra export infra/break-glass --plan', 'which files would be written, and writes none'],
    ['forge infra export infra/break-glass', 'again, after an update of forge: replaces what nobody edited'],
    ['forge infra export infra/break-glass --config team/forge.yaml', 'for another forge.yaml'],
  ],
  details: `The same forge and the same forge.yaml write the same bytes. forge-infra.json says which files forge wrote: those that are still
so are replaced, those that somebody edited are listed and nothing is written (exit code 2) without --force. Variables
(*.tfvars, *.tfvars.json) and files of your own are never touched; files that forge no longer ships are named, and stay.
Next: forge infra check judges a plan; forge config import-terraform writes what was deployed into forge.yaml.`,
  run: runExport,
});

async function runExport(
  context: Context,
  { args: [target = ''], options }: { readonly args: readonly string[]; readonly options: ExportOptions },
): Promise<void> {
  const { host, output, globals } = context;
  // "$folder" of a script that never set it would be the folder one stands in.
  if (target.trim() === '') {
    throw new ForgeError('usage', 'The name of the folder is empty.', {
      code: 'EXPORT_FOLDER_EMPTY',
      hint: 'Name one: forge infra export infra/break-glass. A point is the folder that you are in.',
    });
  }
  const folder = resolve(host.directories.working, target);
  const config = await configOrSample(context);
  const { files, archiveSha256 } = await infraFiles(host, config);
  const plan = await planExport(folder, files);
  if (globals.plan) return output.plan(shownPlan(folder, plan, options.force === true));
  if (plan.edited.length > 0 && options.force !== true) throw edited(folder, plan.edited);
  const wanted = new Set([...plan.write, ...plan.edited]);
  const manifest = {
    forge: version,
    files: Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)])),
  };
  const same =
    wanted.size === 0 && JSON.stringify(manifest) === JSON.stringify(plan.manifest) && plan.left.length === 0;
  if (!same) {
    const changed = new Map([...files].filter(([path]) => wanted.has(path)));
    await writeExport(host, folder, changed, manifest);
  }
  if (plan.left.length > 0) output.note(`No longer shipped, and left there: ${plan.left.join(', ')}`);
  output.note(
    wanted.size === 0 ? `${folder} is up to date.` : `Wrote ${countFiles(wanted.size)} into ${folder}.`,
  );
  output.note(nextSteps(target, plan));
  output.result({
    data: {
      folder,
      written: [...wanted],
      unchanged: plan.unchanged,
      left: plan.left,
      archive: { file: join(folder, 'lambda', 'forge-breakglass.zip'), sha256: archiveSha256 },
    },
    text: () => `sha256 of lambda/forge-breakglass.zip: ${archiveSha256}`,
  });
}

/** Without a forge.yaml the sample shows what it would be; nobody should apply that. */
async function configOrSample(context: Context): Promise<Config> {
  const config = await context.config();
  if (config.files.length > 0) return config;
  const { host, output } = context;
  const sample = join(dirname(await realpath(host.program.script)), '..', 'samples', 'forge.yaml');
  output.warn(
    'there is no forge.yaml here: this is the SAMPLE, of an organisation that does not exist. Do not apply it.',
  );
  return loadConfig(host, sample);
}

function shownPlan(folder: string, plan: ExportPlan, force: boolean) {
  const step = (what: string) => (path: string) => ({ kind: 'local' as const, what: `${what} ${path}` });
  return {
    summary:
      plan.edited.length > 0 && !force
        ? `Nothing: edited in ${folder}: ${countFiles(plan.edited.length)}.`
        : `Write ${countFiles(plan.write.length + plan.edited.length)} into ${folder}.`,
    steps: [
      ...plan.edited.map(step(force ? 'replace, though somebody edited it,' : 'refuse for')),
      ...plan.write.map(step('write')),
      ...plan.left.map(step('leave, though no longer shipped,')),
    ],
    equivalents: [],
  };
}

function countFiles(count: number): string {
  return `${count} file${count === 1 ? '' : 's'}`;
}

function edited(folder: string, paths: readonly string[]): ForgeError {
  const listed = paths.slice(0, 20).map((path) => `  ${path}`);
  const more = paths.length > 20 ? [`  … and ${paths.length - 20} more`] : [];
  return new ForgeError(
    'usage',
    `Somebody edited these files in ${folder}, or they are not forge's; nothing was written:\n${[...listed, ...more].join('\n')}`,
    {
      code: 'EXPORT_EDITED',
      hint: 'Commit them first, then: --force replaces them, and the diff shows what was yours.',
    },
  );
}

function nextSteps(target: string, { write }: ExportPlan): string {
  const copy = write.includes(exampleVariables)
    ? `  cp ${exampleVariables} forge.auto.tfvars.json   and fill in what only AWS knows (identity_center_instance, vpn_addresses)\n`
    : '';
  return `Next, in ${target}:
${copy}  terraform init && terraform plan -out plan && terraform show -json plan > plan.json
  forge infra check plan.json
  terraform apply plan`;
}
