import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlanDocument, parsePlanDocument } from '../../src/infra/plan-document.ts';
import { main } from '../../src/main.ts';
import { seedOrganisation } from '../../src/sandbox/seed.ts';
import { productionAccounts } from '../../src/sandbox/seed-accounts.ts';
import { builtForge } from '../support/built-forge.ts';
import { forgeIn, hostWith } from '../support/config-host.ts';
import { deployedPermissionSets, deployedRole, meaningOf } from '../support/deployed-policies.ts';
import { emulatorInstalled, startEmulator } from '../support/emulator.ts';
import { askBucket, askIam, bucketPolicy } from '../support/emulator-calls.ts';
import {
  makeOrganisation,
  makeRolesAndClusters,
  type OwnVariables,
} from '../support/emulator-organisation.ts';
import type { EmulatorShim } from '../support/emulator-shim.ts';
import { findTerraform, openTerraform, type Terraform } from '../support/terraform.ts';
import { createTestHost } from '../support/test-host.ts';

const installed = findTerraform('the apply against an emulator of AWS');
const sandbox = seedOrganisation();
const forgeYaml = readFileSync(join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml'), 'utf8');

/**
 * The sample's forge.yaml, exported and applied to an emulator as an organisation applies it to AWS: whole, by the pipeline's
 * role of each account, and clusters once Identity Center has made the roles that they let in. What the emulator does not know or forgets, the shim before it has; each says what.
 */
describe.skipIf(!installed || !emulatorInstalled)('what is deployed for samples/forge.yaml', () => {
  let program: { readonly node: string; readonly script: string };
  let shown: string;
  let emulator: EmulatorShim;
  let own: OwnVariables;
  let terraform: Terraform;
  let state: PlanDocument;

  const ofType = (type: string) => state.resources.filter((resource) => resource.type === type);
  /** Ids of groups become their names: each has its own, here and in the sandbox. */
  const withNames = (text: string): string => {
    const names = new Map(sandbox.groups.map(({ id, name }) => [id, name]));
    for (const { values } of ofType('aws_identitystore_group')) {
      names.set(`${values.group_id}`, `${values.display_name}`);
    }
    return text.replace(/:group\/([0-9a-f-]{36,47})/g, (_, id: string) => `:group/${names.get(id)}`);
  };
  /** Of databases too: the emulator's is the sandbox's of the same name. */
  const withIds = (text: string): string => {
    const reached = Object.values(state.outputs.get('reached') as Record<string, Reached>);
    let renamed = withNames(text);
    for (const [name, id] of reached.flatMap((one) => Object.entries(one.tagged_databases))) {
      const found = sandbox.clusters.find(({ identifier }) => identifier === name);
      renamed = renamed.replaceAll(id, found?.resourceId ?? `${name} is not in the sandbox`);
    }
    return renamed;
  };
  const meaning = (policies: readonly object[], rename = withNames) =>
    meaningOf(JSON.parse(rename(JSON.stringify(policies))));

  beforeAll(async () => {
    if (!installed) return;
    program = { node: process.execPath, script: await builtForge() };
    emulator = await startEmulator();
    own = await makeOrganisation(emulator);
    const host = createTestHost({ program });
    await writeFile(join(host.directories.home, 'forge.yaml'), forgeYaml);
    expect(await main(['infra', 'export', 'infra'], host), host.err()).toBe(0);
    const folder = join(host.directories.home, 'infra');
    const variables = {
      'forge.auto.tfvars.json': await readFile(join(folder, 'forge.auto.tfvars.json.example'), 'utf8'),
      'own.auto.tfvars.json': JSON.stringify(own),
    };
    terraform = await openTerraform(installed, folder, variables, { AWS_ENDPOINT_URL: emulator.endpoint });
    host.dispose();
    await terraform.init();
    // The provider waits for much, one thing after the other, and the processor for nothing.
    const apply = async (...options: string[]) => {
      const applied = await terraform.run(['apply', '-auto-approve', '-parallelism=60', ...options]);
      expect([applied.stderr, applied.status, ...emulator.unknown]).toEqual(['', 0]);
    };
    await apply();
    // As the output next_steps says.
    await makeRolesAndClusters(emulator);
    await writeFile(join(terraform.folder, 'clusters.auto.tfvars.json'), '{"cluster_access":true}');
    await apply('-refresh=false');
    shown = (await terraform.run(['show', '-json'])).stdout;
    state = parsePlanDocument(shown, 'state');
  }, 600_000);
  afterAll(async () => {
    await terraform?.[Symbol.asyncDispose]();
    await emulator?.[Symbol.asyncDispose]();
  });

  it('is there without any difference to what was planned', async () => {
    const again = await terraform.run(['plan', '-detailed-exitcode', '-parallelism=60']);
    expect(again.stdout).toContain('No changes. Your infrastructure matches the configuration.');
    expect([again.status, ...emulator.unknown]).toEqual([0]);
  }, 300_000);

  it('passes every check of forge infra check, with nothing that is not known', async () => {
    const host = hostWith({ 'forge.yaml': forgeYaml, 'state.json': shown }, { program });
    const run = await forgeIn(host, 'infra', 'check', 'state.json', '--output', 'json');
    const { passed, notKnown, fromReview, checks } = JSON.parse(run.out) as Checked;
    const others = checks.filter(({ verdict }) => verdict !== 'pass');
    expect({ others, notKnown, fromReview }, run.err).toEqual({ others: [], notKnown: [], fromReview: [] });
    expect(passed).toBeGreaterThanOrEqual(60);
    expect(run.code).toBe(0);
  });

  it('says to forge.yaml what forge.yaml said', async () => {
    const host = hostWith({ 'forge.yaml': forgeYaml, 'state.json': shown }, { program });
    const imported = await forgeIn(host, 'config', 'import-terraform', 'state.json', '--yes');
    expect(
      [imported.code, readFileSync(join(host.directories.home, 'forge.yaml'), 'utf8')],
      imported.err,
    ).toEqual([0, forgeYaml]);
    const empty = hostWith(
      { 'state.json': shown, 'forge.yaml': `${forgeYaml.split('environments:')[0]}` },
      { program },
    );
    const whole = await forgeIn(empty, 'config', 'import-terraform', 'state.json', '--yes');
    expect(whole.code, whole.err).toBe(0);
    expect((await forgeIn(empty, 'config', 'check')).code).toBe(0);
  });

  it('is in the account that it belongs to, each production account by its own provider', () => {
    const accounts = Object.fromEntries(productionAccounts.map(({ name, id }) => [name, id]));
    const where = state.resources.flatMap(({ type, module, values }) => {
      // Its ARN is what it leads to: the access account's bus.
      if (type === 'aws_cloudwatch_event_target') return [];
      const account = /^arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/.exec(`${values.arn}`)?.[1];
      const environment = /^module\.(?:production|sessions|clusters)_([^.[]+)/.exec(module)?.[1];
      return account === undefined ? [] : [`${account} ${environment ?? 'access'}`];
    });
    expect([...new Set(where)].toSorted()).toEqual(
      [
        `${sandbox.storeAccount} access`,
        ...Object.entries(accounts).map(([name, id]) => `${id} ${name}`),
      ].toSorted(),
    );
    expect(where.length).toBeGreaterThan(80);
  });

  it('gives people in Identity Center exactly what the sandbox gives them', async () => {
    const sets = await deployedPermissionSets(emulator, own.identity_center_instance, withNames);
    const expected = sandbox.permissionSets.map(
      ({ name, description, sessionSeconds, bounded, policies }) =>
        [
          name,
          {
            description,
            session: `PT${sessionSeconds / 3600}H`,
            boundary: bounded ? '/forge/ForgeBreakGlassRevocations' : undefined,
            statements: meaning(policies),
          },
        ] as const,
    );
    expect(Object.fromEntries(sets)).toEqual(Object.fromEntries(expected));
  });

  it('assigns permission sets as the sandbox does', () => {
    const deployed = ofType('aws_ssoadmin_account_assignment').map(({ index }) => `${index}`);
    const expected = sandbox.assignments.map(
      ({ principal, permissionSet, account }) => `${principal}/${permissionSet}/${account}`,
    );
    const explained = {
      // forge.yaml has no environment for the access account: nobody but the pipeline and break-glass's own sets is there.
      onlyInTheSandbox: ['grp-forge-platform-admins/Forge-Admin/999999999999'],
      // Where no tier names its requesters, everybody with an environment may ask; in the sandbox two groups can play it.
      onlyDeployed: ['9squid-team', 'data-analysts', 'platform-admins', 'qa-engineers', 'wealth-prod'].map(
        (group) => `grp-forge-${group}/Forge-BreakGlass-Request/999999999999`,
      ),
    };
    expect(expected.filter((assignment) => !deployed.includes(assignment))).toEqual(
      explained.onlyInTheSandbox,
    );
    expect(deployed.filter((assignment) => !expected.includes(assignment)).toSorted()).toEqual(
      explained.onlyDeployed,
    );
  });

  it('has in IAM exactly the roles that the sandbox judges', async () => {
    // The sandbox is behind no gateway.
    const elsewhere = (text: string) => withNames(text).replaceAll('127.0.0.0/8', `${own.vpn_addresses[0]}`);
    const notInTheSandbox: string[] = [];
    for (const { values } of ofType('aws_iam_role')) {
      const [account = '', name] = [`${values.arn}`.split(':')[4], `${values.name}`];
      const deployed = await deployedRole(emulator, account, name, withIds);
      const role = sandbox.roles.find((entry) => entry.account === account && entry.name === name);
      if (!role) {
        notInTheSandbox.push(`${account} ${name}`);
        continue;
      }
      const { path, maxSessionSeconds, boundary, policies, trust } = role;
      const expected = { path, maxSessionSeconds, boundary };
      expect({ account, name, ...deployed }).toMatchObject({ account, name, ...expected });
      expect({ name, trust: deployed.trust }).toEqual({ name, trust: meaning([trust], elsewhere) });
      expect({ name, statements: deployed.statements }).toEqual({ name, statements: meaning(policies) });
    }
    // There EventBridge and Step Functions need no role to call what is theirs.
    expect(notInTheSandbox.toSorted()).toEqual([
      '333333333333 ForgeEventForwarder',
      '444444444444 ForgeEventForwarder',
      '555555555555 ForgeEventForwarder',
      '999999999999 forge-breakglass-scheduler',
      '999999999999 forge-breakglass-workflow',
    ]);
  });

  it('leads to what carries the tag, and to nothing else', () => {
    const reached = state.outputs.get('reached') as Record<string, Reached>;
    const of = ({ tagged_databases: databases, clusters }: Reached) => [Object.keys(databases), clusters];
    expect(Object.entries(reached).map(([name, value]) => [name, ...of(value)])).toEqual([
      ['prod-9squid', ['prod-9squid'], []],
      ['prod-cash', ['prod-cash'], []],
      ['prod-wealth', ['prod-wealth'], ['prod-wealth-eks']],
    ]);
  });

  it('lets into the cluster whom the sandbox lets in', () => {
    const deployed = ofType('aws_eks_access_policy_association').map(
      ({ values }) => `${values.principal_arn} ${`${values.policy_arn}`.split('/')[1]}`,
    );
    const expected = sandbox.eksClusters
      .filter(({ name }) => name === 'prod-wealth-eks')
      .flatMap(({ accessEntries }) => accessEntries)
      .flatMap(({ principalArn, policies }) => policies.map(({ policy }) => `${principalArn} ${policy}`));
    expect(deployed.toSorted()).toEqual(
      // Tier 3's role, which leads to no cluster in the sandbox.
      [
        ...expected,
        'arn:aws:iam::333333333333:role/forge/Forge-BreakGlass-Offline AmazonEKSClusterAdminPolicy',
      ].toSorted(),
    );
  });

  it("has the sandbox's policies on its buckets", async () => {
    for (const { name, account, policy } of sandbox.buckets) {
      const deployed = JSON.parse(await bucketPolicy(emulator, account, name));
      expect([name, meaning([deployed])]).toEqual([name, meaning(policy ? [policy] : [])]);
    }
  });

  it('keeps what is in the archive: no version of a record goes, and no bucket with one', async () => {
    const archive = '/forge-breakglass-archive-999999999999';
    const record = `${archive}/sessions/BG-1/000000.json`;
    const ask = (path: string, request: RequestInit) =>
      askBucket(emulator, sandbox.storeAccount, path, request);
    const body = '{"v":1}';
    const headers = {
      'if-none-match': '*',
      'content-md5': createHash('md5').update(body).digest('base64'),
    };
    const put = await ask(record, { method: 'PUT', headers, body });
    expect([put.status, put.headers.get('x-amz-object-lock-mode')]).toEqual([200, 'COMPLIANCE']);
    expect((await ask(record, { method: 'PUT', headers, body })).status).toBe(412);
    const version = `${record}?versionId=${put.headers.get('x-amz-version-id')}`;
    const bypass = { 'x-amz-bypass-governance-retention': 'true' };
    expect((await ask(version, { method: 'DELETE', headers: bypass })).status).toBe(403);
    // So terraform destroy fails at it, and empties nothing first.
    expect((await ask(archive, { method: 'DELETE' })).status).toBe(409);
    expect(ofType('aws_s3_bucket').map(({ values }) => values.force_destroy)).toEqual([false, false, false]);
  });

  it('changes what the handlers read when a duration changes, and takes back what somebody added by hand', async () => {
    await askIam(emulator, '333333333333', {
      Action: 'PutRolePolicy',
      RoleName: 'Forge-Prod-Emergency',
      PolicyName: 'by-hand',
      PolicyDocument:
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}',
    });
    const variables = JSON.parse(await readFile(join(terraform.folder, 'forge.auto.tfvars.json'), 'utf8'));
    const { break_glass } = variables;
    break_glass.scenarios.instance.max_duration_minutes = 60;
    await writeFile(join(terraform.folder, 'shorter.auto.tfvars.json'), JSON.stringify({ break_glass }));
    const planned = await terraform.run(['plan', '-parallelism=60']);
    expect(planned.stderr).toBe('');
    const changes = planned.stdout.matchAll(/^ {2}# (\S+) (?:will|must) be (\w+)/gm);
    expect(Array.from(changes, ([, address, what]) => `${what} ${address}`).toSorted()).toEqual([
      'replaced module.access.aws_s3_object.policy',
      ...['exporter', 'recorder', 'revoker', 'sweeper'].map(
        (handler) => `updated module.access.aws_lambda_function.handler["${handler}"]`,
      ),
      'updated module.production_prod-wealth.aws_iam_role_policies_exclusive.role["Forge-Prod-Emergency"]',
    ]);
    // What the handlers read is there until they read the other.
    expect(planned.stdout).toContain('+/- resource "aws_s3_object" "policy"');
  }, 300_000);
});

/** Of the output `reached`. */
interface Reached {
  readonly tagged_databases: Readonly<Record<string, string>>;
  readonly clusters: readonly string[] | null;
}

/** What `forge infra check --output json` prints. */
interface Checked {
  readonly passed: number;
  readonly notKnown: readonly string[];
  readonly fromReview: readonly string[];
  readonly checks: readonly { readonly verdict: string }[];
}
