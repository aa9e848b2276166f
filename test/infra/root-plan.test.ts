import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { environmentIdentifier } from '../../src/infra/environment-identifier.ts';
import { judgeForgeOutput } from '../../src/infra/judge-forge-output.ts';
import { planImport } from '../../src/infra/plan-import.ts';
import { readForgeOutput } from '../../src/infra/read-forge-output.ts';
import { rootModule } from '../../src/infra/root-module.ts';
import { hostWith } from '../support/config-host.ts';
import { type PlannedInfra, planInfra } from '../support/planned-infra.ts';
import { findTerraform, offlineProviders, type Terraform } from '../support/terraform.ts';

/** Nothing as in the sample: another home region, a third one, a name that is no identifier, no write, no tier 3. */
const forgeYaml = `version: 1
sign_in: { start_url: https://d-9067f7c0de.awsapps.com/start, region: eu-central-1, session: tapp }
environments:
  dev: { account: "111111111111", region: eu-central-1 }
  9.prod:
    account: "333333333333"
    region: ap-southeast-2
    production: true
    tunnel_document: forge-endpoint-tunnel
    databases: { shop: { cluster: shop, database: shop, user: reader, role: readonly-rds-access } }
    clusters: { eks: { cluster: shop-eks } }
groups:
  grp-forge-developers: { environments: { dev: Forge-Developer } }
  grp-forge-sre-oncall: { environments: { dev: Forge-SRE } }
break_glass:
  account: "999999999999"
  region: eu-central-1
  identity_store: d-9067f7c0de
  request_permission_set: Forge-BreakGlass-Request
  audit_permission_set: Forge-BreakGlass-Audit
  approvers:
    senior: { groups: [grp-forge-seniors], permission_set: Forge-BreakGlass-Approve-tier2 }
  tiers:
    "0":
      { permission_set: Forge-SRE-OnCall, role: forge/Forge-Prod-Emergency, approval: self-serve, requesters: [grp-forge-sre-oncall] }
    "2":
      { permission_set: Forge-Prod-ReadOnly, group: "jit-{environment}", approval: approver, approvers: senior, max_duration: 4h }
  records:
    { intake_bucket: forge-breakglass-intake-1, archive_bucket: forge-breakglass-archive-1, configuration_bucket: forge-breakglass-other-1, retention: 2555d }
`;

const installed = findTerraform('a plan of the whole root module');

interface Planned {
  readonly address: string;
  readonly provider: string;
  readonly values: Readonly<Record<string, unknown>>;
}

describe.skipIf(!installed)('a root module that is made from forge.yaml', () => {
  let planned: PlannedInfra;
  let terraform: Terraform;
  let resources: readonly Planned[];
  let configured: Readonly<Record<string, { expressions: object }>>;
  let plan: string;
  beforeAll(async () => {
    if (!installed) return;
    const config = await loadConfig(hostWith({ 'forge.yaml': forgeYaml }), undefined);
    planned = await planInfra(
      installed,
      config,
      {
        identity_center_instance: 'arn:aws:sso:::instance/ssoins-1234567890abcdef',
        database_resource_ids: { '9.prod': ['cluster-NAMED', 'cluster-TAGGED'] },
        cluster_access: true,
      },
      {
        [`${environmentIdentifier('9.prod')}_own`]: {
          databases: [
            { identifier: 'shop', resourceId: 'cluster-TAGGED', tags: { 'forge-access': 'break-glass' } },
            { identifier: 'other', resourceId: 'cluster-OTHER', tags: { 'forge-access': 'no' } },
          ],
          clusters: { 'shop-eks': {}, 'batch-eks': { 'forge-access': 'break-glass' }, 'other-eks': {} },
          roles: [
            'arn:aws:iam::333333333333:role/aws-reserved/sso.amazonaws.com/ap-southeast-2/AWSReservedSSO_Forge-Prod-ReadOnly_0123456789abcdef',
          ],
        },
      },
    );
    ({ terraform, json: plan } = planned);
    const shown = JSON.parse(plan);
    resources = resourcesOf(shown.planned_values.root_module);
    configured = shown.configuration.provider_config;
  });
  afterAll(async () => {
    await planned?.[Symbol.asyncDispose]();
  });

  const find = (end: string) => resources.filter(({ address }) => address.endsWith(end));

  test('is laid out as Terraform lays out its files', async () => {
    const { stdout } = await terraform.run(['fmt', '-check', '-recursive', '-list=true']);
    // The override is the test's own.
    expect(stdout.split('\n').filter((line) => line !== '' && line !== 'offline_override.tf')).toEqual([]);
  });

  test('is valid, the modules’ tests beside it included', async () => {
    const { status, stdout, stderr } = await terraform.run(['validate']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('The configuration is valid');
  });

  test('tells forge.yaml what forge.yaml told it: importing changes nothing', async () => {
    const host = hostWith({ 'forge.yaml': forgeYaml });
    const fragment = judgeForgeOutput(readForgeOutput(plan, 'plan.json').value);
    const found = await planImport(host, join(host.directories.home, 'forge.yaml'), fragment);
    expect(found.changes).toEqual([]);
    expect(found.after.toString()).toBe(forgeYaml);
    // Of nothing it makes a forge.yaml with the same break-glass.
    const made = await planImport(host, join(host.directories.home, 'new.yaml'), fragment);
    const one = await loadConfig(host, undefined);
    const other = await loadConfig(hostWith({ 'forge.yaml': made.after }), undefined);
    expect(other.breakGlass).toEqual(one.breakGlass);
    expect(other.groups).toEqual(one.groups);
  });

  test('bounds every role that break-glass leads to', () => {
    const bounded = resources.filter(
      ({ values }) => 'permissions_boundary' in values && values.name !== undefined,
    );
    const withBoundary = bounded.filter(({ values }) => values.permissions_boundary !== null);
    expect(withBoundary.map(({ values }) => values.name).toSorted()).toEqual([
      'Forge-Prod-Emergency',
      'readonly-rds-access',
    ]);
    for (const { values } of withBoundary) {
      expect(values.permissions_boundary).toBe(
        'arn:aws:iam::333333333333:policy/forge/ForgeBreakGlassRevocations',
      );
    }
  });

  test('calls the buckets as forge.yaml calls them', () => {
    expect(
      find('').flatMap(({ address, values }) =>
        /aws_s3_bucket\.bucket\[/.test(address) ? [values.bucket] : [],
      ),
    ).toEqual(['forge-breakglass-archive-1', 'forge-breakglass-other-1', 'forge-breakglass-intake-1']);
  });

  test('makes nothing for a tier or a database role that forge.yaml does not have', () => {
    expect(resources.filter(({ address }) => /offline|write-rds/.test(address))).toEqual([]);
  });

  test('the database role is for those whose permission set reads, and for the user that forge.yaml names', () => {
    const [role] = find('aws_iam_role.database["readonly-rds-access"]');
    expect(String(role?.values.assume_role_policy)).toContain('AWSReservedSSO_Forge-Prod-ReadOnly_*');
    expect(String(role?.values.assume_role_policy)).not.toMatch(/SSO_Forge-(?:\*|Developer|SRE)/);
    const [policy] = find('aws_iam_role_policy.database["readonly-rds-access"]');
    const { Statement } = JSON.parse(String(policy?.values.policy));
    // One is named, one carries the tag and is named too; one carries another value of it.
    expect(Statement.at(-1).Resource).toEqual(
      ['cluster-NAMED', 'cluster-TAGGED'].map(
        (id) => `arn:aws:rds-db:ap-southeast-2:333333333333:dbuser:${id}/reader`,
      ),
    );
    // Nowhere but where the databases are.
    const askers = planned.asked.filter((call) => call.endsWith(' DescribeDBClusters'));
    expect(new Set(askers)).toEqual(new Set([`${environmentIdentifier('9.prod')}_own DescribeDBClusters`]));
  });

  test('lets into clusters that are named or carry the tag, and shows which with the databases', () => {
    const entries = find('').filter(({ address }) => /clusters_.*\.aws_eks_access_entry\.this/.test(address));
    const who = ['Forge-Prod-Emergency', 'Forge-Prod-ReadOnly'];
    expect(entries.map(({ address }) => /this\["(.*)"\]$/.exec(address)?.[1]).toSorted()).toEqual(
      ['batch-eks', 'shop-eks'].flatMap((cluster) => who.map((name) => `${cluster}/${name}`)),
    );
    expect(JSON.parse(plan).planned_values.outputs.reached.value['9.prod']).toMatchObject({
      tagged_databases: { shop: 'cluster-TAGGED' },
      database_resource_ids: ['cluster-NAMED', 'cluster-TAGGED'],
      clusters: ['batch-eks', 'shop-eks'],
    });
  });

  /** As after an apply with a second environment, of which one role is enough here. */
  const stateOfGone = JSON.stringify({
    ...{ version: 4, terraform_version: '1.9.0', serial: 1, lineage: 'gone', outputs: {} },
    resources: [
      {
        module: 'module.production_gone',
        ...{ mode: 'managed', type: 'aws_iam_role', name: 'emergency' },
        provider: 'provider["registry.terraform.io/hashicorp/aws"].gone',
        instances: [
          {
            index_key: 0,
            schema_version: 0,
            attributes: { id: 'Forge-Prod-Emergency', name: 'Forge-Prod-Emergency' },
          },
        ],
      },
    ],
  });

  test('an environment that is taken out goes, with its providers in a file of one’s own, and only so', async () => {
    const at = (name: string) => join(terraform.folder, name);
    await writeFile(at('terraform.tfstate'), stateOfGone);
    const look = () => terraform.run(['plan', '-refresh=false', '-target=module.production_gone']);
    const without = await look();
    expect(without.status).toBe(1);
    expect(without.stderr).toContain('Provider configuration not present');
    // As infra/README.md says: its blocks of the providers.tf that was exported with it.
    const before = rootModule({
      accessAccount: '999999999999',
      homeRegion: 'eu-central-1',
      production: [{ name: 'gone', account: '444444444444', region: 'eu-central-1' }],
    })['providers.tf'];
    const blocks = before.split(/^(?=provider )/m).filter((block) => /alias {2}= "gone/.test(block));
    expect(blocks).toHaveLength(2);
    await writeFile(at('leaving.tf'), blocks.join('\n'));
    await writeFile(at('leaving_override.tf'), offlineProviders(['gone', 'gone_us_east_1']));
    const leaving = await look();
    expect([leaving.status, leaving.stderr.includes('Error')]).toEqual([0, false]);
    expect(leaving.stdout).toContain('module.production_gone.aws_iam_role.emergency[0] will be destroyed');
    expect(leaving.stdout).toContain('0 to add, 0 to change, 1 to destroy');
    for (const name of ['terraform.tfstate', 'leaving.tf', 'leaving_override.tf']) await rm(at(name));
  });

  test('watches the home region and us-east-1, and works where the instances are', () => {
    const providers = (pattern: RegExp) => [
      ...new Set(resources.filter(({ address }) => pattern.test(address)).map(({ provider }) => provider)),
    ];
    expect(providers(/forwarding\.aws_cloudwatch_event_rule/)).toHaveLength(1);
    expect(find('aws_cloudwatch_event_rule.watch["emergency-roles"]')).toHaveLength(2);
    const regionOf = (alias: string) => JSON.stringify(configured[`aws.${alias}`]?.expressions);
    const [home, global, own] = ['', '_us_east_1', '_own'].map((end) =>
      Object.keys(configured).find((name) => new RegExp(`^aws\\.e9-prod_[0-9a-f]{12}${end}$`).test(name)),
    );
    expect(regionOf(String(home).slice(4))).toContain('local.home_region');
    expect(regionOf(String(global).slice(4))).toContain('us-east-1');
    expect(regionOf(String(own).slice(4))).toContain('ap-southeast-2');
    expect(find('aws_ssm_document.preferences[0]')).toHaveLength(1);
  });
});

function resourcesOf(module: {
  readonly resources?: readonly { address: string; provider_name: string; values: Planned['values'] }[];
  readonly child_modules?: readonly Parameters<typeof resourcesOf>[0][];
}): readonly Planned[] {
  return [
    ...(module.resources ?? []).map(({ address, provider_name, values }) => ({
      address,
      provider: provider_name,
      values,
    })),
    ...(module.child_modules ?? []).flatMap(resourcesOf),
  ];
}
