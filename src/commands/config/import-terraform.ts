import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { recordOutcome } from '../../breakglass/record-step.ts';
import { defineCommand } from '../../command.ts';
import { pathForPeople } from '../../config/config-problem.ts';
import { personalConfigPath } from '../../config/find-config.ts';
import { chooseConfigFile } from '../../config/load-config.ts';
import { readChain } from '../../config/read-chain.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { withFileLock } from '../../files/file-lock.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Hunk } from '../../infra/apply-edits.ts';
import { judgeForgeOutput } from '../../infra/judge-forge-output.ts';
import { configChanged, type ImportPlan, planImport } from '../../infra/plan-import.ts';
import { readForgeOutput } from '../../infra/read-forge-output.ts';
import { readTerraformJson } from '../../infra/read-terraform-json.ts';

interface ImportOptions {
  readonly file?: string;
  readonly yes?: boolean;
}

export default defineCommand<ImportOptions>({
  description:
    "Writes what Terraform deployed into forge.yaml: the output forge of the server side's root module. Shows the difference first, and asks.",
  arguments: [
    {
      name: '[json]',
      description: 'what terraform output -json or terraform show -json printed; - is stdin (default: stdin)',
    },
  ],
  options: [
    {
      flags: '--file <path>',
      description:
        'the forge.yaml to write (default: the one that is used; without one, in your configuration folder)',
    },
    { flags: '--yes', description: 'do not ask, go on' },
  ],
  examples: [
    ['terraform output -json > outputs.json', 'in the folder of Terraform'],
    ['forge config import-terraform outputs.json --file forge.yaml', 'shows what changes, and asks'],
    ['terraform output -json | forge config import-terraform - --yes', 'without a question, in a pipeline'],
    ['forge config import-terraform outputs.json --plan', 'shows what changes, and writes nothing'],
  ],
  details: `Only values that differ are edited; comments, order and all else stay as they are, and nothing is taken out. What is
read is judged by the rules of forge.yaml, and can be environments (account, region, production, tunnel_document), groups and break_glass
only. A file that extends another is written only where --file names it: say which of them is meant. Of a plan (terraform
show -json plan.out) forge says that nothing of it needs to be there yet. Exit code 0: written, or nothing to write; 2: it is no
piece of forge.yaml, or the result would not pass forge config check.`,
  run: runImport,
});

async function runImport(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: ImportOptions },
): Promise<void> {
  const { host, output, globals, prompt } = context;
  const [source = '-'] = args;
  const named = source === '-' ? 'stdin' : source;
  const { value, planned } = readForgeOutput(await readTerraformJson(host, source), named);
  const fragment = judgeForgeOutput(value);
  const path = await fileToWrite(context, options.file);
  const plan = await planImport(host, path, fragment);
  const shown = pathForPeople(host, path);
  if (planned) output.warn(`${named} is a plan: nothing of it needs to be there yet.`);
  if (plan.onlyInFile.length > 0) {
    output.note(`Terraform knows nothing of these, and they stay: ${plan.onlyInFile.join(', ')}`);
  }
  const same = plan.before?.equals(plan.after) === true;
  if (globals.plan) {
    output.plan({
      summary: same ? `${shown} says what Terraform says.` : `Write ${shown}.`,
      steps: plan.changes.map(({ path: keys, before, after }) => ({
        kind: 'local' as const,
        what: `${keys.join('.')}: ${before === undefined ? '' : `${JSON.stringify(before)} → `}${JSON.stringify(after)}`,
      })),
      equivalents: [],
    });
    return;
  }
  if (!same) {
    const difference = plan.hunks.flatMap((hunk) => hunkLines(hunk)).join('\n');
    // Nobody agrees to what was not shown.
    if (options.yes === true) output.note(difference);
    else output.instruct(difference);
    await confirm(prompt, shown, options.yes === true);
    await write(context, plan);
  }
  output.note(same ? `${shown} says what Terraform says.` : `Wrote ${shown}. Next: forge breakglass doctor`);
  output.result({
    data: {
      file: path,
      changed: !same,
      changes: plan.changes.map(({ path: keys, before, after }) => ({
        path: keys,
        before: before ?? null,
        after,
      })),
      onlyInFile: plan.onlyInFile,
    },
    text: (style) => (same ? '' : style.plain(path)),
  });
}

/** Which file is meant must not be guessed where several make the configuration: people's own stand on the team's. */
async function fileToWrite({ host, globals }: Context, file: string | undefined): Promise<string> {
  if (file !== undefined) return resolve(host.directories.working, file);
  const chosen = await chooseConfigFile(host, globals.config);
  if (chosen === undefined) return personalConfigPath(host);
  const { sources } = await readChain(host, chosen.path);
  if (sources.length > 1) {
    const names = sources.map((source) => pathForPeople(host, source.path));
    throw new ForgeError(
      'usage',
      `The configuration comes from ${sources.length} files: ${names.join(', ')}.`,
      {
        code: 'CONFIG_CHAIN',
        hint: `Say which of them gets it: --file ${names.at(-1)}`,
      },
    );
  }
  return chosen.path;
}

function hunkLines({ line, removed, added }: Hunk): readonly string[] {
  return [`line ${line}`, ...removed.map((text) => `- ${text}`), ...added.map((text) => `+ ${text}`)];
}

async function confirm(prompt: Context['prompt'], shown: string, yes: boolean): Promise<void> {
  if (yes) return;
  const agreed = await prompt.confirm({ message: `Write ${shown}?`, flag: '--yes', default: 'no' });
  if (!agreed) throw new ForgeError('interrupted', 'Nothing was written.', { code: 'NOT_CONFIRMED' });
}

async function write({ host, output }: Context, plan: ImportPlan): Promise<void> {
  const { path, before, after, changes } = plan;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileFailure(error, 'make the folder', dirname(path));
  }
  await withFileLock(host, path, async () => {
    // While somebody read the difference, another one may have written.
    const now = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw fileFailure(error, 'read', path);
    });
    if (now === undefined ? before !== undefined : before === undefined || !now.equals(before))
      throw configChanged(host, path);
    await replaceFile(path, after, before === undefined ? { mode: 0o644 } : {});
  });
  await recordOutcome(
    { host, output },
    {
      type: 'config.imported',
      file: path,
      sha256: sha256(after),
      before: before && sha256(before),
      changes: changes.length,
    },
  );
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
