import { environmentIdentifier } from './environment-identifier.ts';
import { hclSettings } from './hcl-settings.ts';
import { hclString } from './hcl-string.ts';

/** What the structure of a root module depends on: Terraform can't make providers from variables. */
export interface RootModule {
  /** 12 digits. */
  readonly accessAccount: string;
  /** Of break-glass: where the rules are. */
  readonly homeRegion: string;
  readonly production: readonly ProductionEnvironment[];
}

export interface ProductionEnvironment {
  readonly name: string;
  /** 12 digits. */
  readonly account: string;
  /** Of its instances, databases and clusters. */
  readonly region: string;
}

const global = 'us-east-1';

/**
 * The two files of the root module that are made for an organisation; the others are the same for all. Values stand in
 * neither of them: they are variables. The same environments in another order are the same bytes.
 */
export function rootModule(root: RootModule): {
  readonly 'main.tf': string;
  readonly 'providers.tf': string;
} {
  const sorted = { ...root, production: root.production.toSorted(byName) };
  return { 'main.tf': mainFile(sorted), 'providers.tf': providersFile(sorted) };
}

const byName = (a: ProductionEnvironment, b: ProductionEnvironment) => (a.name < b.name ? -1 : 1);

function providersFile({ homeRegion, production }: RootModule): string {
  const elsewhere = homeRegion === global ? [] : [accessProvider('us_east_1', hclString(global))];
  return file([
    '# One provider for each account and region.',
    accessProvider(undefined, 'local.home_region'),
    ...elsewhere,
    ...production.flatMap((environment) =>
      [...regionsOf(environment, homeRegion)].map(([region, alias]) =>
        productionProvider(
          environment,
          alias,
          region === homeRegion ? 'local.home_region' : hclString(region),
        ),
      ),
    ),
  ]);
}

function accessProvider(alias: string | undefined, region: string): string {
  return `provider "aws" {
${alias === undefined ? '' : `  alias  = ${hclString(alias)}\n`}  region = ${region}

  # Terraform that is that role already has no need to become it, but must not be in another account.
  allowed_account_ids = var.assume_pipeline_role ? null : [local.access_account]

  dynamic "assume_role" {
    for_each = var.assume_pipeline_role ? [local.access_account] : []
    content {
      role_arn     = "arn:aws:iam::\${assume_role.value}:role/\${var.pipeline_role}"
      session_name = "forge-infra"
    }
  }

  default_tags {
    tags = var.tags
  }
}`;
}

/** It names its account itself: a block can be kept when the environment goes, for as long as Terraform takes all away. */
function productionProvider({ account }: ProductionEnvironment, alias: string, region: string): string {
  return `provider "aws" {
  alias  = ${hclString(alias)}
  region = ${region}

  assume_role {
    role_arn     = "arn:aws:iam::${account}:role/\${var.pipeline_role}"
    session_name = "forge-infra"
  }

  default_tags {
    tags = var.tags
  }
}`;
}

/** Region → the alias of the environment's provider there: of the home region, us-east-1, and its own. */
function regionsOf({ name, region }: ProductionEnvironment, homeRegion: string): ReadonlyMap<string, string> {
  const id = environmentIdentifier(name);
  return new Map([
    [region, `${id}_own`],
    [global, `${id}_us_east_1`],
    [homeRegion, id],
  ]);
}

function mainFile({ accessAccount, homeRegion, production }: RootModule): string {
  const names = production.map(({ name }) => ({ key: hclString(name), id: environmentIdentifier(name) }));
  return file([
    `# Written by forge infra export, from forge.yaml: which accounts there are. What is done in them, modules/ say. Change
# forge.yaml, and export again.`,
    `locals {
  access_account = ${hclString(accessAccount)}
  home_region    = ${hclString(homeRegion)}
  production = {
${hclSettings(
  production.map(({ name, account, region }) => [
    hclString(name),
    `{ account = ${hclString(account)}, region = ${hclString(region)} }`,
  ]),
  '    ',
)}
  }
}`,
    `# The boundaries come from the production accounts: no permission set is given there before they are.
${accessModule(homeRegion, names)}`,
    ...production.flatMap((environment) => productionModules(environment, homeRegion)),
    productionOutput(names),
    reachedOutput(names),
  ]);
}

interface Named {
  /** In quotes. */
  readonly key: string;
  readonly id: string;
}

function productionOutput(names: readonly Named[]): string {
  return `output "production" {
  description = "Production environment => ARNs of its roles; log group of transcripts, and what the instances' role needs for it."
  value = {
${hclSettings(
  names.map(({ key, id }) => [
    key,
    `{ roles = module.production_${id}.roles, sessions = module.sessions_${id} }`,
  ]),
  '    ',
)}
  }
}`;
}

/** Beside `production`, of which a first plan shows nothing: policies have ids, and here are the names to review. */
function reachedOutput(names: readonly Named[]): string {
  const environments = names.map(
    ({ key, id }) => `    ${key} = {
${hclSettings(
  [
    ['tagged_databases', `module.databases_${id}.databases`],
    ['database_resource_ids', `module.production_${id}.database_resource_ids`],
    ['clusters', `one(module.clusters_${id}[*].clusters)`],
  ],
  '      ',
)}
    }`,
  );
  return `output "reached" {
  description = "Production environment => what people get into: databases that carry access_tag, by name; resource ids of all databases, as policies name them; clusters (null: cluster_access = false)."
  value = {
${environments.join('\n')}
  }
}`;
}

function accessModule(homeRegion: string, names: readonly Named[]): string {
  return `module "access" {
  source = "./modules/access-account"
  providers = {
    aws           = aws
    aws.us_east_1 = ${homeRegion === global ? 'aws' : 'aws.us_east_1'}
  }

${hclSettings([
  ...[
    'environments',
    'groups',
    'members',
    'requesters',
    'auditors',
    'killers',
    'break_glass',
    'identity_center_instance',
    'identity_center_region',
    'existing_groups',
    'permission_sets',
    'data_buckets',
    'pipeline_role',
    'archive_retention_days',
    'intake_days',
    'log_days',
    'functions_runtime',
    'functions_architecture',
    'revoker_concurrency',
    'secrets_layer',
    'alarm_emails',
    'tags',
  ].map((name): [string, string] => [name, `var.${name}`]),
  ['alarm_topics_us_east_1', 'var.access_alarm_topics_us_east_1'],
  ['instance_tag', 'var.access_tag'],
  ['functions_archive', hclPath('lambda/forge-breakglass.zip')],
])}

  boundaries = {
${hclSettings(
  names.map(({ key, id }) => [key, `module.production_${id}.boundary`]),
  '    ',
)}
  }
}`;
}

const hclPath = (path: string) => `"\${path.module}/${path}"`;

function productionModules(environment: ProductionEnvironment, homeRegion: string): readonly string[] {
  const id = environmentIdentifier(environment.name);
  const regions = regionsOf(environment, homeRegion);
  const key = hclString(environment.name);
  const own = `var.environments[${key}]`;
  const provider = (region: string) => `aws.${regions.get(region)}`;
  return [
    // Where the databases are, which need not be the home region.
    `module "databases_${id}" {
  source    = "./modules/tagged-databases"
  providers = { aws = ${provider(environment.region)} }

  tag = var.access_tag
}`,
    `module "production_${id}" {
  source = "./modules/production-account"
  providers = {
    aws           = ${provider(homeRegion)}
    aws.us_east_1 = ${provider(global)}
  }

${hclSettings([
  ['account', `local.production[${key}].account`],
  ['region', 'local.home_region'],
  ['access_account', 'local.access_account'],
  ['archive_bucket', 'var.break_glass.records.archive_bucket'],
  ['on_call_permission_sets', `local.on_call_permission_sets[${key}]`],
  ['vpn_addresses', 'var.vpn_addresses'],
  ['offline_user', `local.offline_user[${key}]`],
  ['offline_minutes', `local.offline_minutes[${key}]`],
  ['readers', `local.readers[${key}]`],
  ['writers', `local.writers[${key}]`],
  ['database_regions', `[local.production[${key}].region]`],
  [
    'database_resource_ids',
    `concat(lookup(var.database_resource_ids, ${key}, []), values(module.databases_${id}.databases))`,
  ],
  ['reading_users', `local.database_users[${key}]["readonly-rds-access"]`],
  ['writing_users', `local.database_users[${key}]["write-rds-access"]`],
  ['alarm_topics', `lookup(var.alarm_topics, ${key}, [])`],
  ['alarm_topics_us_east_1', `lookup(var.alarm_topics_us_east_1, ${key}, [])`],
])}
}`,
    `module "sessions_${id}" {
  source    = "./modules/session-manager"
  providers = { aws = ${provider(environment.region)} }

${hclSettings([
  ['account', `local.production[${key}].account`],
  ['region', `local.production[${key}].region`],
  ['preferences', 'var.session_manager.managed'],
  ['log_days', 'var.log_days'],
  ['idle_minutes', 'var.session_manager.idle_minutes'],
  ['max_minutes', `try(${own}.max_session_minutes, 120)`],
  ['run_as_user', 'var.session_manager.run_as_user'],
  ['kms_key', `lookup(var.session_manager.kms_keys, ${key}, null)`],
])}
}`,
    `module "clusters_${id}" {
  source    = "./modules/cluster-access"
  count     = var.cluster_access ? 1 : 0
  providers = { aws = ${provider(environment.region)} }

${hclSettings([
  ['clusters', `local.clusters[${key}]`],
  ['tag', 'var.access_tag'],
  ['permission_sets', `local.cluster_permission_sets[${key}]`],
  ['roles', `module.production_${id}.emergency_roles`],
  ['role_policies', 'local.cluster_policies.roles'],
])}
}`,
  ];
}

const file = (blocks: readonly string[]) => `${blocks.join('\n\n')}\n`;
