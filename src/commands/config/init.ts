import { mkdir, stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { defineCommand } from '../../command.ts';
import { loadAwsConfigFile } from '../../config/aws-config-file.ts';
import {
  type AwsConfigOffer,
  type ConfigDraft,
  type DraftEnvironment,
  type DraftSignIn,
  offersOf,
  renderDraft,
  soundsLikeProduction,
} from '../../config/config-draft.ts';
import { configInvalid } from '../../config/config-problem.ts';
import { personalConfigPath } from '../../config/find-config.ts';
import { judgeChain, readConfig } from '../../config/read-config.ts';
import { readYaml } from '../../config/read-yaml.ts';
import { namePattern } from '../../config/schema-parts.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { replaceFile } from '../../files/replace-file.ts';

interface InitOptions {
  readonly file?: string;
  readonly force?: boolean;
  readonly extends?: string;
  readonly fromAws?: boolean;
  readonly startUrl?: string;
  readonly ssoRegion?: string;
  readonly session?: string;
  readonly environment?: readonly string[];
}

export default defineCommand<InitOptions>({
  description:
    'Writes a forge.yaml: where to sign in, and which environments there are. Asks, or takes flags; can start from what ~/.aws/config knows.',
  options: [
    { flags: '--file <path>', description: 'where to write (default: your configuration folder)' },
    { flags: '--force', description: 'replace a file that is there' },
    {
      flags: '--extends <file>',
      description: "begin from a team's forge.yaml; the new file changes it for you",
    },
    { flags: '--from-aws', description: 'take sign-in and profiles from ~/.aws/config' },
    { flags: '--start-url <url>', description: 'start URL of the IAM Identity Center portal' },
    { flags: '--sso-region <region>', description: 'region of IAM Identity Center itself' },
    { flags: '--session <name>', description: 'name of the [sso-session] in ~/.aws/config (default: forge)' },
    {
      flags: '--environment <name=account...>',
      description:
        'an environment, e.g. dev=111111111111 or dev=111111111111/Forge-Developer (region: --region)',
    },
  ],
  examples: [
    ['forge config init', 'asks'],
    ['forge config init --from-aws', 'from the [sso-session] and profiles of ~/.aws/config'],
    ['forge config init --extends ~/src/infra/forge.yaml', "your own file on top of the team's"],
    [
      'forge config init --file forge.yaml --start-url https://d-9067f7c0de.awsapps.com/start --sso-region us-east-1 --environment dev=111111111111/Forge-Developer --region us-east-1',
      'for a team, without a question',
    ],
  ],
  details:
    'An environment whose name sounds like production is marked so. Next: forge login, forge whoami --all.',
  run: runInit,
});

async function runInit(context: Context, { options }: { readonly options: InitOptions }): Promise<void> {
  const { host, output, globals } = context;
  const path =
    options.file === undefined ? personalConfigPath(host) : resolve(host.directories.working, options.file);
  await refuseExisting(path, options.force === true);
  const draft = await makeDraft(context, options, path);
  for (const { name } of draft.environments) refuseName(name);
  const text = renderDraft(draft);
  refuseInvalid(text, path);
  const environments = draft.environments.map(({ name }) => name);
  if (globals.plan) {
    output.plan({
      summary: `Write ${path}.`,
      steps: [
        { kind: 'local', what: `write ${path}, checked already: ${environmentCount(environments.length)}` },
      ],
      equivalents: [`cat > ${path} <<'END'`, ...text.trimEnd().split('\n'), 'END'],
    });
    return;
  }
  await write(path, text, options.file === undefined ? 0o600 : 0o644);
  const production = environments.filter(soundsLikeProduction);
  if (production.length > 0) output.note(`Marked as production by its name: ${production.join(', ')}.`);
  output.note('Next: forge login');
  output.result({ data: { file: path, environments }, text: (style) => style.plain(path) });
}

function environmentCount(count: number): string {
  return count === 1 ? '1 environment' : `${count} environments`;
}

async function refuseExisting(path: string, force: boolean): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || (force && found.isFile())) return;
  throw new ForgeError('usage', `${path} is there already.`, {
    code: 'CONFIG_EXISTS',
    hint: found.isFile() ? 'Edit it, or replace it: --force' : 'Name a file: --file <path>',
  });
}

async function makeDraft(context: Context, options: InitOptions, path: string): Promise<ConfigDraft> {
  const { host, prompt } = context;
  const environments = (options.environment ?? []).map((text) => parseEnvironment(text, context, options));
  const base = options.extends === undefined ? undefined : await checkedBase(context, options.extends, path);
  const given = { extends: base, environments };
  const said = options.startUrl !== undefined || options.ssoRegion !== undefined;
  if (!said && options.fromAws !== true && base !== undefined) return { ...given, signIn: undefined };
  if (!said) {
    const offers = offersOf(await loadAwsConfigFile(host));
    const offer = await chosenOffer(context, offers, options);
    if (offer !== undefined) {
      const own = new Set(environments.map(({ name }) => name));
      const others = offer.environments.filter(({ name }) => !own.has(name));
      return { extends: base, signIn: offer.signIn, environments: [...environments, ...others] };
    }
  }
  const signIn = await askSignIn(context, options);
  if (environments.length > 0 || !prompt.possible) return { ...given, signIn };
  return { ...given, signIn, environments: await askEnvironments(context, signIn) };
}

/** How the new file names the one it extends: relative inside its own folder, else absolute. */
async function checkedBase({ host }: Context, base: string, path: string): Promise<string> {
  const absolute = resolve(host.directories.working, base);
  const { problems } = await readConfig(host, absolute);
  if (problems.length > 0) throw configInvalid(host, problems);
  const short = relative(dirname(path), absolute);
  return short.startsWith('..') || short === '' ? absolute : `./${short.replaceAll('\\', '/')}`;
}

async function chosenOffer(
  { prompt }: Context,
  offers: readonly AwsConfigOffer[],
  options: InitOptions,
): Promise<AwsConfigOffer | undefined> {
  const fitting =
    options.session === undefined
      ? offers
      : offers.filter(({ signIn }) => signIn.session === options.session);
  if (options.fromAws !== true) {
    if (fitting.length === 0 || !prompt.possible) return undefined;
    const names = fitting.map(({ signIn }) => signIn.session).join(', ');
    const wanted = await prompt.confirm({
      message: `Take sign-in and profiles from ~/.aws/config (${names})?`,
      flag: '--from-aws',
      default: 'yes',
    });
    if (!wanted) return undefined;
  }
  const [first, ...others] = fitting;
  if (first === undefined) {
    throw new ForgeError('usage', 'There is no such sign-in in ~/.aws/config.', {
      code: 'NO_SSO_SESSION',
      hint:
        offers.length === 0
          ? 'Name it: --start-url and --sso-region'
          : `Its sign-ins: ${offers.map(({ signIn }) => signIn.session).join(', ')}`,
    });
  }
  if (others.length === 0) return first;
  return prompt.select({
    message: 'Which sign-in?',
    flag: '--session <name>',
    choices: fitting.map((offer) => ({
      name: `${offer.signIn.session} (${offer.signIn.startUrl}, ${offer.environments.length} profiles)`,
      value: offer,
    })),
  });
}

async function askSignIn({ prompt }: Context, options: InitOptions): Promise<DraftSignIn> {
  const startUrl =
    options.startUrl ??
    (await prompt.text({
      message: 'Start URL of your access portal (https://….awsapps.com/start)',
      flag: '--start-url <url>',
    }));
  const region =
    options.ssoRegion ??
    (await prompt.text({
      message: 'Region of Identity Center',
      flag: '--sso-region <region>',
      default: 'us-east-1',
    }));
  return { startUrl: startUrl.trim(), region: region.trim(), session: options.session ?? 'forge' };
}

async function askEnvironments(
  { prompt, globals }: Context,
  signIn: DraftSignIn,
): Promise<DraftEnvironment[]> {
  const environments: DraftEnvironment[] = [];
  for (;;) {
    const flag = '--environment <name=account>';
    const name = (
      await prompt.text({ message: 'Name of an environment, e.g. dev (empty: no more)', flag })
    ).trim();
    if (name === '') return environments;
    const account = (await prompt.text({ message: `AWS account of ${name} (12 digits)`, flag })).trim();
    const region = (
      await prompt.text({
        message: `Region of ${name}`,
        flag: '--region <name>',
        default: globals.region ?? signIn.region,
      })
    ).trim();
    const permissionSet = (
      await prompt.text({ message: `Permission set in ${name} (empty: none)`, flag })
    ).trim();
    environments.push({ name, account, region, permissionSet: permissionSet || undefined });
  }
}

function parseEnvironment(text: string, { globals }: Context, options: InitOptions): DraftEnvironment {
  const [, name, account, permissionSet] = /^([^=]+)=([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  const region = globals.region ?? options.ssoRegion;
  if (name === undefined || account === undefined) {
    throw new ForgeError('usage', `--environment is ${JSON.stringify(text)}; it must be <name>=<account>.`, {
      code: 'USAGE',
      hint: 'For example: --environment dev=111111111111/Forge-Developer',
    });
  }
  if (region === undefined) {
    throw new ForgeError('usage', `The region of ${name} is not said.`, {
      code: 'USAGE',
      hint: 'Add --region <name>.',
    });
  }
  return { name, account, region, permissionSet: permissionSet || undefined };
}

function refuseName(name: string): void {
  if (namePattern.test(name)) return;
  throw new ForgeError('usage', `An environment can’t be named ${JSON.stringify(name)}.`, {
    code: 'USAGE',
    hint: 'A name is 1 to 64 letters, digits and ._-',
  });
}

/** The answers, judged as the file they become; what it extends was judged before. */
function refuseInvalid(text: string, path: string): void {
  const source = { path, text };
  const { tree, problems } = readYaml(source);
  const [problem] =
    tree === undefined ? problems : judgeChain({ sources: [source], trees: [tree], problems }).problems;
  if (problem === undefined) return;
  throw new ForgeError('usage', problem.message, { code: 'CONFIG_INVALID', hint: problem.hint });
}

async function write(path: string, text: string, mode: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileFailure(error, 'make the folder', dirname(path));
  }
  await replaceFile(path, text, { mode });
}
