import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { PolicyDocument } from '../../src/iam/policy.ts';
import { allChecks } from '../../src/infra/all-checks.ts';
import { collectDeployment } from '../../src/infra/collect-deployment.ts';
import { type Deployment, deployedRoleArn } from '../../src/infra/deployment.ts';
import { environmentIdentifier } from '../../src/infra/environment-identifier.ts';
import { loadFunctionsArchive } from '../../src/infra/functions-archive.ts';
import { type Intent, readIntent } from '../../src/infra/intent.ts';
import { judgeDeployment } from '../../src/infra/judge-deployment.ts';
import { parsePlanDocument } from '../../src/infra/plan-document.ts';
import { roleArn } from '../../src/sandbox/organisation.ts';
import { seedOrganisation } from '../../src/sandbox/seed.ts';
import { productionAccounts } from '../../src/sandbox/seed-accounts.ts';
import { instanceDocumentNames, tunnelDocumentName } from '../../src/sandbox/ssm/own-documents.ts';
import { builtForge } from '../support/built-forge.ts';
import { forgeIn, hostWith } from '../support/config-host.ts';
import { mutated, mutations } from '../support/plan-mutations.ts';
import { planInfra } from '../support/planned-infra.ts';
import { sandboxDeployment } from '../support/sandbox-deployment.ts';
import { findTerraform } from '../support/terraform.ts';

/** One plan of what forge exports for the sandbox's organisation, and all that is asked of it. */
const installed = findTerraform(
  'a plan of what forge exports, held against the sandbox and against its mutations',
);
const sample = join(import.meta.dirname, '..', '..', 'samples', 'forge.yaml');
/** The sandbox's VPN is loopback; the module takes no block as wide as /8. */
const vpn = '127.0.0.0/9';

describe.skipIf(!installed)('what is tested is what is deployed', () => {
  let json: string;
  let planned: Deployment;
  let sandbox: Deployment;
  let intent: Intent;
  let archiveHash: string;
  let script: string;

  beforeAll(async () => {
    if (!installed) return;
    script = await builtForge();
    const config = await loadConfig(hostWith(), sample);
    const found = readIntent(config);
    if (!found) throw new Error('the sample has no break-glass');
    intent = found;
    const { clusters, eksClusters, roles } = seedOrganisation();
    await using plan = await planInfra(
      installed,
      config,
      {
        identity_center_instance: 'arn:aws:sso:::instance/ssoins-1234567890abcdef',
        killers: ['grp-forge-platform-admins'],
        vpn_addresses: [vpn],
        data_buckets: ['arn:aws:s3:::tapp-data-*'],
        cluster_access: true,
      },
      // Terraform finds what the sandbox has.
      Object.fromEntries(
        productionAccounts.map(({ id, name }) => {
          const here = <T extends { readonly account: string }>(all: readonly T[]) =>
            all.filter(({ account }) => account === id);
          const found = {
            databases: here(clusters),
            clusters: Object.fromEntries(here(eksClusters).map((cluster) => [cluster.name, cluster.tags])),
            roles: here(roles)
              .filter(({ path }) => path.startsWith('/aws-reserved/'))
              .map(roleArn),
          };
          return [environmentIdentifier(name), found];
        }),
      ),
    );
    json = plan.json;
    const { bytes } = await loadFunctionsArchive({ program: { node: process.execPath, script } });
    archiveHash = createHash('sha256').update(bytes).digest('base64');
    planned = collectDeployment(parsePlanDocument(json, 'plan.json'));
    sandbox = sandboxDeployment(archiveHash);
  }, 300_000);

  const judge = (deployment: Deployment) => judgeDeployment(allChecks, { deployment, intent, archiveHash });

  /** Ids of the sandbox's groups in place of those that stand in; the VPN's address; statements in one order. */
  const asSandbox = (document: PolicyDocument | readonly PolicyDocument[] | object | undefined): unknown => {
    let text = JSON.stringify(document ?? null).replaceAll(vpn, '127.0.0.0/8');
    for (const [name, id] of planned.groups) text = text.replaceAll(id, sandbox.groups.get(name) ?? id);
    return normal(JSON.parse(text));
  };
  const byName = <T extends { readonly name: string }>(all: readonly T[]) =>
    new Map(all.map((one) => [one.name, one]));

  it('every permission set: policies, boundary and duration', () => {
    const theirs = byName(sandbox.permissionSets);
    expect([...byName(planned.permissionSets).keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const set of planned.permissionSets) {
      const other = theirs.get(set.name);
      expect(set.unknown).toEqual([]);
      expect({
        name: set.name,
        minutes: set.sessionMinutes,
        boundary: set.boundary,
        statements: statementsOf(set.policies.map(asSandbox)),
      }).toEqual({
        name: set.name,
        minutes: other?.sessionMinutes,
        boundary: other?.boundary,
        statements: statementsOf(other?.policies.map(normal) ?? []),
      });
    }
  });

  it('every role that both have: trust, policies, boundary; and which they are', () => {
    const theirs = new Map(sandbox.roles.map((role) => [deployedRoleArn(role), role]));
    const both = planned.roles.filter((role) => theirs.has(deployedRoleArn(role)));
    // Besides, a deployment has what runs it: schedule, workflow, forwarding.
    expect(planned.roles.filter((role) => !both.includes(role)).map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'forge-breakglass-workflow',
        'forge-breakglass-scheduler',
        'ForgeEventForwarder',
      ]),
    );
    expect(
      [...theirs.keys()].filter((arn) => !planned.roles.some((role) => deployedRoleArn(role) === arn)),
    ).toEqual([]);
    for (const role of both) {
      const other = theirs.get(deployedRoleArn(role));
      expect({
        arn: deployedRoleArn(role),
        trust: asSandbox(role.trust),
        boundary: role.boundary,
        minutes: role.maxSessionMinutes,
        statements: statementsOf(role.policies.map(asSandbox)),
      }).toEqual({
        arn: deployedRoleArn(role),
        trust: normal(other?.trust),
        boundary: other?.boundary,
        minutes: other?.maxSessionMinutes,
        statements: statementsOf(other?.policies.map(normal) ?? []),
      });
    }
  });

  it('the user of tier 3, the boundaries, and every bucket’s policy and lock', () => {
    expect(
      planned.users.map(({ name, path, policies }) => ({ name, path, policies: policies.map(asSandbox) })),
    ).toEqual(
      sandbox.users.map(({ name, path, policies }) => ({ name, path, policies: policies.map(normal) })),
    );
    const boundaries = ({ managedPolicies }: Deployment) =>
      managedPolicies
        .filter(({ name }) => name === 'ForgeBreakGlassRevocations')
        .map(({ account, document }) => [account, normal(document)])
        .sort();
    expect(boundaries(planned)).toEqual(boundaries(sandbox));
    const theirs = byName(sandbox.buckets);
    expect(planned.buckets).toHaveLength(theirs.size);
    for (const { name, policy, lock } of planned.buckets) {
      expect([name, asSandbox(policy), lock?.mode]).toEqual([
        name,
        normal(theirs.get(name)?.policy),
        theirs.get(name)?.lock?.mode,
      ]);
    }
  });

  it('the policies of bus, secret, queues and topic', () => {
    const policies = ({ resourcePolicies }: Deployment, read: (document: PolicyDocument) => unknown) =>
      Object.fromEntries(resourcePolicies.map(({ what, document }) => [what, read(document)]));
    expect(policies(planned, asSandbox)).toEqual(policies(sandbox, normal));
  });

  it('the workflow, every event pattern, and what the functions know of forge.yaml', () => {
    expect(normal(planned.stateMachines[0]?.definition)).toEqual(
      normal(sandbox.stateMachines[0]?.definition),
    );
    const patterns = ({ rules }: Deployment) =>
      new Map(rules.map(({ account, name, pattern }) => [`${account} ${name}`, normal(pattern)]));
    expect(patterns(planned)).toEqual(patterns(sandbox));
    const policy = JSON.parse(planned.handlersPolicy ?? '{}');
    const theirs = JSON.parse(sandbox.handlersPolicy ?? '{}');
    const sorted = (value: {
      readonly grants: readonly object[];
      readonly emergencyRoles: readonly object[];
      readonly tiers: readonly object[];
    }) => ({
      grants: value.grants.map((entry) => JSON.stringify(normal(entry))).sort(),
      roles: value.emergencyRoles.map((entry) => JSON.stringify(normal(entry))).sort(),
      tiers: value.tiers.map((entry) => JSON.stringify(normal(entry))).sort(),
    });
    expect(sorted(asSandbox(policy) as never)).toEqual(sorted(theirs));
  });

  it('every session document: of the scenario for instances, and of tunnels', () => {
    const of = ({ sessionDocuments }: Deployment) =>
      new Map(
        sessionDocuments
          .filter(({ name }) => name.startsWith('forge-'))
          .map(({ account, name, content }) => [`${account} ${name}`, content]),
      );
    expect(of(planned)).toEqual(of(sandbox));
    expect(of(planned).size).toBe(4 * productionAccounts.length);
    // What forge.yaml gets by forge config import-terraform: the scenario's, and of no other.
    const { environments, break_glass } = JSON.parse(json).planned_values.outputs.forge.value;
    const { scenarios } = break_glass;
    expect(environments['prod-cash'].tunnel_document).toBe(tunnelDocumentName);
    expect(environments.dev).not.toHaveProperty('tunnel_document');
    expect(scenarios.instance.session_documents).toEqual(instanceDocumentNames);
    expect(scenarios.database).not.toHaveProperty('session_documents');
  });

  it('every check passes', () => {
    const results = judge(planned);
    expect(results.filter(({ verdict }) => verdict !== 'pass').map(({ id, found }) => [id, found])).toEqual(
      [],
    );
    expect(planned.notKnown).toEqual([]);
  });

  it('the command says the same: 0, and 1 for what is wrong', async () => {
    const host = hostWith({ 'plan.json': json }, { program: { node: process.execPath, script } });
    const good = await forgeIn(host, 'infra', 'check', 'plan.json', '--config', sample);
    expect(good).toMatchObject({ code: 0, out: '' });
    expect(good.err).toContain('From the output review');
    const alone = await forgeIn(host, 'infra', 'check', 'plan.json');
    expect(alone.err).toContain('the plan is held against its own output forge only');
    // All databases of an account are somebody's right, and are said.
    const all = JSON.parse(json);
    all.planned_values.outputs.reached.value['prod-wealth'].database_resource_ids = ['*'];
    const wide = hostWith(
      { 'plan.json': JSON.stringify(all) },
      { program: { node: process.execPath, script } },
    );
    const said = await forgeIn(wide, 'infra', 'check', 'plan.json', '--config', sample);
    expect([said.code, said.err]).toEqual([
      0,
      expect.stringContaining('roles of 333333333333 lead to all databases'),
    ]);
    expect(good.err).not.toContain('lead to all databases');
    const [first] = mutations;
    if (!first) return;
    const bad = hostWith(
      { 'plan.json': mutated(json, first) },
      { program: { node: process.execPath, script } },
    );
    const { code, out } = await forgeIn(
      bad,
      'infra',
      'check',
      'plan.json',
      '--config',
      sample,
      '--output',
      'json',
    );
    const data = JSON.parse(out);
    expect({ code, ok: data.ok }).toEqual({ code: 1, ok: false });
    expect(data.checks.find(({ id }: { id: string }) => id === first.caughtBy)).toMatchObject({
      verdict: 'fail',
    });
    const shown = await forgeIn(bad, 'infra', 'check', 'plan.json', '--config', sample);
    expect(shown.out).toContain('To do:');
  });

  it.each(mutations)('$what is caught by $caughtBy', (mutation) => {
    const deployment = collectDeployment(parsePlanDocument(mutated(json, mutation), 'plan.json'));
    const asked = allChecks.filter(({ id }) => id === mutation.caughtBy);
    expect(judgeDeployment(asked, { deployment, intent, archiveHash })).toMatchObject([{ verdict: 'fail' }]);
  });
});

/** One statement or a list of one, one value or a list of one, in whatever order: the same to IAM. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    const all = value.map(normal);
    if (all.length === 1) return all[0];
    return all.every((entry) => typeof entry === 'string') ? (all as string[]).toSorted() : all;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, entry]) => [key, normal(entry)]),
  );
}

/** Policies of one holder are one to IAM, however many documents they stand in. */
function statementsOf(documents: readonly unknown[]): readonly string[] {
  return documents
    .flatMap((document) => {
      const { Statement } = document as { readonly Statement: unknown };
      return Array.isArray(Statement) ? Statement : [Statement];
    })
    .map((statement) => JSON.stringify(statement))
    .toSorted();
}
