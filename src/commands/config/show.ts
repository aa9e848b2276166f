import { defineCommand } from '../../command.ts';
import { buildConfig, emptyConfig } from '../../config/build-config.ts';
import type { Config, Database, Environment } from '../../config/config.ts';
import { configInvalid, pathForPeople, placeText } from '../../config/config-problem.ts';
import { findEntry, type Place, type Tree } from '../../config/config-tree.ts';
import { chooseConfigFile } from '../../config/load-config.ts';
import { readConfig } from '../../config/read-config.ts';
import { renderConfigYaml } from '../../config/render-config.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { credentialsFolder } from '../../identity/credential-cache.ts';
import { chooseCredentialStore } from '../../identity/credential-store.ts';
import { durationText } from '../../lib/duration-text.ts';
import { databaseTargetName } from '../../targets/resolve-database.ts';
import type { Style } from '../../terminal/style.ts';
import { renderTable } from '../../terminal/table.ts';

interface ShowOptions {
  readonly yaml?: boolean;
}

export default defineCommand<ShowOptions>({
  description:
    'Shows the configuration as forge reads it: files merged, defaults applied, and where each environment comes from.',
  options: [{ flags: '--yaml', description: 'the merged file, to read or to save as one' }],
  plannable: false,
  examples: [
    ['forge config show', 'sign-in, environments, databases, groups'],
    ['forge config show --yaml', 'one forge.yaml out of all that extend each other'],
    ['forge config show --output json | jq .environments.dev', 'for scripts'],
  ],
  run: runShow,
});

async function runShow(context: Context, { options }: { readonly options: ShowOptions }): Promise<void> {
  const { host, output } = context;
  const { config, tree } = await readAll(context);
  const place = (name: string): Place | undefined => tree && findEntry(tree, ['environments', name]).key;
  if (options.yaml === true && output.format === 'table') {
    const text = tree === undefined ? '' : renderConfigYaml(tree, (at) => placeText(host, at));
    output.result({ data: null, text: () => text });
    return;
  }
  const storage = await storageText(context, config);
  output.result({
    data: {
      ...(plain(config) as object),
      environments: environmentsData(config, place),
      roleCredentials: storage,
    },
    text: (style) => render(config, { host, place, storage, style }),
  });
  if (config.files.length === 0) output.note('There is no forge.yaml: forge config init writes one.');
}

async function readAll({ host, globals }: Context): Promise<{ config: Config; tree: Tree | undefined }> {
  const chosen = await chooseConfigFile(host, globals.config);
  if (chosen === undefined) return { config: emptyConfig, tree: undefined };
  const { data, tree, sources, problems } = await readConfig(host, chosen.path);
  if (data === undefined) throw configInvalid(host, problems);
  const files = sources.map((source) => source.path);
  return { config: buildConfig(data, files), tree };
}

/** Where role credentials are kept between two commands; what can't be used is said, not thrown. */
async function storageText({ host, output }: Context, config: Config): Promise<string> {
  try {
    const { storage } = await chooseCredentialStore(
      { host, output },
      config.credentialStore,
      credentialsFolder(host),
    );
    return storage.description;
  } catch (error) {
    if (error instanceof ForgeError) return error.message;
    throw error;
  }
}

function environmentsData(config: Config, place: (name: string) => Place | undefined) {
  const entries = [...config.environments.values()].map((environment) => {
    const definedIn = place(environment.name);
    return [environment.name, { ...(plain(environment) as object), definedIn: definedIn ?? null }];
  });
  return Object.fromEntries(entries);
}

/** Maps become objects: what JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

interface Shown {
  readonly host: Host;
  readonly place: (name: string) => Place | undefined;
  readonly storage: string;
  readonly style: Style;
}

function render(config: Config, { host, place, storage, style }: Shown): string {
  const { signIn, groups, breakGlass } = config;
  const facts: readonly (readonly [string, string])[] = [
    ['Files', config.files.map((file) => pathForPeople(host, file)).join(', ') || 'none'],
    [
      'Sign-in',
      signIn === undefined ? 'none' : `${signIn.startUrl} (${signIn.region}, session ${signIn.session})`,
    ],
    ['Default environment', config.defaultEnvironment ?? 'none'],
    ['Role credentials', `${storage}; those of production are never kept`],
  ];
  const width = Math.max(...facts.map(([title]) => title.length));
  const blocks = [
    facts.map(([title, value]) => `${style.dim(title.padEnd(width))}  ${style.plain(value)}`).join('\n'),
  ];
  const from = (environment: Environment) => {
    const at = place(environment.name);
    return at && `${pathForPeople(host, at.file)}:${at.line}`;
  };
  blocks.push(
    renderTable<Environment>(
      [
        { title: 'ENVIRONMENT', value: ({ name }) => name, tone: toneOf },
        { title: 'ACCOUNT', value: ({ account }) => account },
        { title: 'REGION', value: ({ region }) => region },
        { title: 'PRODUCTION', value: ({ production }) => (production ? 'yes' : 'no'), tone: toneOf },
        {
          title: 'PERMISSION SET',
          value: ({ permissionSet, production }) => permissionSet ?? (production ? 'break-glass' : '-'),
        },
        { title: 'FROM', value: from, tone: () => 'dim' },
      ],
      [...config.environments.values()],
      style,
    ),
    databasesTable(config, style),
    renderTable(
      [
        { title: 'GROUP', value: ({ name }) => name },
        { title: 'ACCESS', value: ({ access }) => access },
        { title: 'MEMBERS', value: ({ members }) => members },
      ],
      [...groups.values()],
      style,
    ),
    renderTable(
      [
        { title: 'TIER', value: ({ name }) => name },
        { title: 'WHEN', value: ({ when }) => when },
        {
          title: 'GIVES',
          value: ({ permissionSet, role, scenarios }) => permissionSet ?? role ?? scenarios.join(', '),
        },
        { title: 'APPROVAL', value: ({ approval, approvers }) => approvers ?? approval },
        {
          title: 'AT MOST',
          value: ({ maximumSeconds }) =>
            maximumSeconds === undefined ? '-' : durationText(maximumSeconds * 1000),
        },
      ],
      [...(breakGlass?.tiers.values() ?? [])],
      style,
    ),
  );
  return blocks.filter((block) => block !== '').join('\n\n');
}

function databasesTable(config: Config, style: Style): string {
  const rows = [...config.environments.values()].flatMap((environment) =>
    [...environment.databases.values()].map((database) => ({ environment, database })),
  );
  return renderTable(
    [
      { title: 'TARGET', value: ({ environment, database }) => databaseTargetName(environment, database) },
      { title: 'SERVER', value: ({ database }) => serverText(database) },
      { title: 'DATABASE', value: ({ database }) => database.database },
      { title: 'USER', value: ({ database }) => database.user },
      { title: 'TO WRITE', value: ({ database }) => database.write?.user ?? database.user },
    ],
    rows,
    style,
  );
}

function serverText({ locator, endpoint }: Database): string {
  if (locator.kind === 'endpoint') return locator.host;
  return `${locator.kind} ${locator.identifier}${endpoint === 'reader' ? ' (reader)' : ''}`;
}

function toneOf({ production }: Environment) {
  return production ? 'danger' : undefined;
}
