import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findAwsClis } from '../../support/aws-cli.ts';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

const [aws] = findAwsClis();
if (aws === undefined) console.warn('not compared with aws eks update-kubeconfig: aws is missing');
const kubectl = hasProgram('kubectl', 'what kubectl reads of the kubeconfigs of forge and of aws', 'options');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn();
}, 60_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const arn = 'arn:aws:eks:us-east-1:111111111111:cluster/dev-eks-cluster';
function newKubeconfig(name: string): string {
  const folder = join(sandbox.state.folder, name);
  mkdirSync(folder);
  return join(folder, 'config');
}
const byAws = async (KUBECONFIG: string) => {
  const words = ['eks', 'update-kubeconfig', '--name', 'dev-eks-cluster', '--region', 'us-east-1'];
  const run = await sandbox.forge(['exec', 'dev', '--', aws?.path ?? 'aws', ...words], {
    env: { KUBECONFIG },
  });
  expect([run.code, run.stderr]).toEqual([0, '']);
};
const byForge = async (KUBECONFIG: string) => {
  const run = await sandbox.forge(['kube', 'use', 'dev'], { env: { KUBECONFIG } });
  expect([run.code, run.stdout]).toEqual([0, 'dev\n']);
};
const view = async (KUBECONFIG: string, context: string) => {
  const words = ['config', 'view', '--raw', '--minify', '--context', context, '-o', 'json'];
  const { stdout } = await sandbox.run('kubectl', words, { env: { KUBECONFIG } });
  return JSON.parse(stdout);
};

describe.skipIf(aws === undefined || !kubectl)('beside aws eks update-kubeconfig', () => {
  it('kubectl is led to the same server with the same authority', async () => {
    const [own, theirs] = [newKubeconfig('golden-forge'), newKubeconfig('golden-aws')];
    await byForge(own);
    await byAws(theirs);
    const [ours, golden] = [await view(own, 'dev'), await view(theirs, arn)];
    expect(ours.clusters).toEqual(golden.clusters);
    expect(ours.clusters[0].cluster['certificate-authority-data']).toMatch(/^LS0t/);
  });

  it.each(['forge first', 'aws first'])('both live in one file: %s', async (order) => {
    const path = newKubeconfig(order.replace(' ', '-'));
    const [first, second] = order === 'forge first' ? [byForge, byAws] : [byAws, byForge];
    await first(path);
    await second(path);
    const config = parse(readFileSync(path, 'utf8'));
    expect(config.clusters.map(({ name }: { name: string }) => name)).toEqual([arn]);
    expect(config.contexts.map(({ name }: { name: string }) => name).toSorted()).toEqual([arn, 'dev']);
    expect(config.users.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      arn,
      `${arn}@Forge-Developer`,
    ]);
    expect(config['current-context']).toBe(order === 'forge first' ? arn : 'dev');
    const env = { KUBECONFIG: path };
    const pods = await sandbox.run('kubectl', ['--context', 'dev', 'get', 'pods'], { env });
    expect([pods.code, pods.stderr]).toEqual([0, '']);
    await byForge(path);
    const settled = readFileSync(path, 'utf8');
    await byForge(path);
    expect(readFileSync(path, 'utf8')).toBe(settled);
    // The cluster stays: aws's context needs it.
    await sandbox.forge(['kube', 'remove', 'dev'], { env });
    const left = parse(readFileSync(path, 'utf8'));
    expect([left.clusters.length, left.contexts.length, left.users.length]).toEqual([1, 1, 1]);
    expect(left.users[0].user.exec.command).toBe('aws');
  });
});

describe('forge kube use, production and what AWS says', () => {
  it('with standing access: --yes writes it, marked, and says so', async () => {
    const KUBECONFIG = newKubeconfig('production');
    await sandbox.signIn('casey');
    const run = await sandbox.forge(['kube', 'use', 'prod-wealth', '--yes'], {
      person: 'casey',
      env: { KUBECONFIG },
    });
    expect([run.code, run.stdout]).toEqual([0, 'production:prod-wealth\n']);
    expect(run.stderr).toContain('Warning: production:prod-wealth is production');
    expect(run.stderr).toContain(
      'prod-wealth answers inside its network only; without a VPN: forge kube exec prod-wealth\n',
    );
    expect(parse(readFileSync(KUBECONFIG, 'utf8')).contexts[0].context.extensions[0]).toEqual({
      name: 'forge.tapp.dev',
      extension: { environment: 'prod-wealth', production: true, role: 'Forge-Wealth-ReadOnly' },
    });
    const plain = await sandbox.forge(['kube', 'use', '--all', '--print', '--output', 'json'], {
      person: 'casey',
    });
    expect(plain.stdout).not.toContain('production:');
  });

  it('by its name in EKS, with keys of the environment and no forge.yaml', async () => {
    const KUBECONFIG = newKubeconfig('ambient');
    const env = { KUBECONFIG, FORGE_CONFIG: undefined };
    const inside = (words: readonly string[]) =>
      sandbox.forge(['exec', 'dev', '--config', sandbox.state.config, '--', ...words], { env });
    const use = ['kube', 'use', '--cluster', 'dev-eks-cluster', '--region', 'us-east-1'];
    const run = await inside(['forge', ...use]);
    expect([run.code, run.stdout]).toEqual([0, 'dev-eks-cluster\n']);
    const { exec } = parse(readFileSync(KUBECONFIG, 'utf8')).users[0].user;
    expect(exec.args.slice(-6)).toEqual(['kube', 'token', ...use.slice(2)]);
    if (!kubectl) return;
    const pods = await inside(['kubectl', 'get', 'pods']);
    expect([pods.code, pods.stderr]).toEqual([0, '']);
    const removed = await inside(['forge', 'kube', 'remove', ...use.slice(2)]);
    expect([removed.code, removed.stdout]).toEqual([0, 'dev-eks-cluster (removed)\n']);
  });

  it('without it: the refusal of every way into production', async () => {
    const KUBECONFIG = newKubeconfig('refused');
    const run = await sandbox.forge(['kube', 'use', 'prod-wealth', '--yes'], { env: { KUBECONFIG } });
    expect([run.code, run.stdout]).toEqual([5, '']);
  });

  it('a question at the terminal; no is no', async () => {
    const KUBECONFIG = newKubeconfig('asked');
    const terminal = await sandbox.pty(['kube', 'use', 'prod-wealth'], { env: { KUBECONFIG } });
    await terminal.waitFor(/Write it\?/);
    terminal.write('n\r');
    expect(await terminal.exit).toBe(130);
    expect(terminal.text()).toContain('Nothing was written.');
  });

  it('a hostile answer in place of AWS writes nothing but quoted values, or is refused', async () => {
    const KUBECONFIG = newKubeconfig('hostile');
    writeFileSync(KUBECONFIG, 'kind: Config\n');
    const { eksClusters } = sandbox.world.organisation;
    const real = eksClusters.find(({ name }) => name === 'dev-eks-cluster');
    if (real === undefined) throw new Error('no dev-eks-cluster');
    const name = 'x"\n- name: evil\n  cluster: {server: "https://evil"}';
    eksClusters.push({ ...real, name });
    const run = await sandbox.forge(['kube', 'use', '--all', '--env', 'dev'], { env: { KUBECONFIG } });
    eksClusters.splice(
      eksClusters.findIndex((cluster) => cluster.name === name),
      1,
    );
    expect(run.stderr).toContain('is not the name of an EKS cluster');
    expect(run.stdout).toBe('dev\n');
    expect(parse(readFileSync(KUBECONFIG, 'utf8')).clusters).toHaveLength(1);
  });
});
