import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

const kubectl = hasProgram('kubectl', 'the kubeconfig of forge kube use, read by kubectl', 'options');

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn();
}, 60_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const arn = 'arn:aws:eks:us-east-1:111111111111:cluster/dev-eks-cluster';
/** A kubeconfig of its own; the HOME is dana's, who is signed in. */
let files = 0;
function newKubeconfig(text?: string): string {
  files++;
  const folder = join(sandbox.state.folder, `kube-${files}`);
  mkdirSync(folder);
  const path = join(folder, 'config');
  if (text !== undefined) writeFileSync(path, text, { mode: 0o600 });
  return path;
}

describe('forge kube use', () => {
  it('writes a new kubeconfig, says so, and changes nothing the second time', async () => {
    const KUBECONFIG = newKubeconfig();
    const first = await sandbox.forge(['kube', 'use', 'dev'], { env: { KUBECONFIG } });
    expect([first.code, first.stdout]).toEqual([0, 'dev\n']);
    expect(first.stderr).toBe(`Wrote ${KUBECONFIG}.\nSwitched to context dev.\n`);
    expect(statSync(KUBECONFIG).mode & 0o777).toBe(0o600);
    const text = readFileSync(KUBECONFIG, 'utf8');
    const config = parse(text);
    expect(config).toMatchObject({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'dev',
      clusters: [{ name: arn, cluster: { server: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/) } }],
      contexts: [{ name: 'dev', context: { cluster: arn, user: `${arn}@Forge-Developer` } }],
      users: [{ name: `${arn}@Forge-Developer` }],
    });
    const { exec } = config.users[0].user;
    expect(exec).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      interactiveMode: 'Never',
      provideClusterInfo: false,
    });
    expect(exec.args.slice(-8)).toEqual([
      'kube',
      'token',
      '--environment',
      'dev',
      '--cluster',
      'dev-eks-cluster',
      '--config',
      sandbox.state.config,
    ]);
    const second = await sandbox.forge(['kube', 'use', 'dev'], { env: { KUBECONFIG } });
    expect([second.code, second.stdout]).toEqual([0, 'dev\n']);
    expect(second.stderr).toBe(`${KUBECONFIG} is up to date.\nThe current context is dev.\n`);
    expect(readFileSync(KUBECONFIG, 'utf8')).toBe(text);
  });

  it.skipIf(!kubectl)('kubectl then gets what the sandbox says of the cluster', async () => {
    const KUBECONFIG = newKubeconfig();
    await sandbox.forge(['kube', 'use', 'dev'], { env: { KUBECONFIG } });
    const pods = await sandbox.run('kubectl', ['get', 'pods'], { env: { KUBECONFIG } });
    expect([pods.code, pods.stderr]).toEqual([0, '']);
    expect(pods.stdout).toMatch(/^NAME +READY +STATUS/);
    const me = await sandbox.run('kubectl', ['auth', 'whoami', '-o', 'json'], { env: { KUBECONFIG } });
    expect(JSON.parse(me.stdout).status.userInfo.username).toContain('Forge-Developer');
  });
});

describe('forge kube list', () => {
  it('shows clusters of forge.yaml with their contexts, and which is current', async () => {
    const KUBECONFIG = newKubeconfig();
    await sandbox.forge(['kube', 'use', 'qa'], { env: { KUBECONFIG } });
    await sandbox.forge(['kube', 'use', 'dev', '--context', 'mine'], { env: { KUBECONFIG } });
    const table = await sandbox.forge(['kube', 'list'], { env: { KUBECONFIG } });
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^TARGET +CLUSTER +ENVIRONMENT +ACCOUNT +REGION +CONTEXT/);
    expect(table.stdout).toMatch(/^dev +dev-eks-cluster +dev +111111111111 +us-east-1 +\* +mine$/m);
    expect(table.stdout).toMatch(/^prod-wealth +prod-wealth-eks .*production$/m);
    const json = await sandbox.forge(['kube', 'list', '--env', 'qa', '--output', 'json'], {
      env: { KUBECONFIG },
    });
    expect(JSON.parse(json.stdout)).toEqual([
      {
        target: 'qa',
        cluster: 'qa-eks-cluster',
        environment: 'qa',
        production: false,
        account: '222222222222',
        region: 'us-east-1',
        contexts: ['qa'],
        current: false,
      },
    ]);
  });

  it('a context is of the environment that it was written for, where two have one cluster', async () => {
    const KUBECONFIG = newKubeconfig();
    const forgeYaml = join(KUBECONFIG, '..', 'forge.yaml');
    const twice = `  look:\n    account: "111111111111"\n    region: us-east-1\n    clusters: { eks: { cluster: dev-eks-cluster } }\n`;
    const text = readFileSync(sandbox.state.config, 'utf8');
    writeFileSync(
      forgeYaml,
      text.replace(/^environments:\n/m, (line) => line + twice),
    );
    const env = { KUBECONFIG, FORGE_CONFIG: forgeYaml };
    await sandbox.forge(['kube', 'use', 'dev'], { env });
    const { stdout } = await sandbox.forge(['kube', 'list', '--output', 'json'], { env });
    const rows = JSON.parse(stdout) as { target: string; contexts: string[]; current: boolean }[];
    expect(rows.slice(0, 2).map(({ target, contexts, current }) => [target, contexts, current])).toEqual([
      ['look', [], false],
      ['dev', ['dev'], true],
    ]);
  });

  it('shows forge.yaml alone when the kubeconfig is broken, and says so', async () => {
    const KUBECONFIG = newKubeconfig('clusters: [\n');
    const { code, stdout, stderr } = await sandbox.forge(['kube', 'list'], { env: { KUBECONFIG } });
    expect([code, stdout.includes('dev-eks-cluster')]).toEqual([0, true]);
    expect(stderr).toContain(`Warning: Without contexts: ${KUBECONFIG}:`);
  });
});

describe('forge kube remove', () => {
  const foreign = `# mine
apiVersion: v1
kind: Config
clusters:
- {name: mine, cluster: {server: "https://mine.example"}}
users:
- {name: mine, user: {token: x}}
contexts:
- {name: mine, context: {cluster: mine, user: mine}}
current-context: mine
`;

  it('leaves the file as it was before forge kube use, but for the current context', async () => {
    const KUBECONFIG = newKubeconfig(foreign);
    await sandbox.forge(['kube', 'use', 'dev'], { env: { KUBECONFIG } });
    const { code, stdout, stderr } = await sandbox.forge(['kube', 'remove', 'dev'], { env: { KUBECONFIG } });
    expect([code, stdout]).toEqual([0, 'dev (removed)\n']);
    expect(stderr).toBe(
      `Wrote ${KUBECONFIG}.\ndev was the current context; now none is: kubectl config use-context <name>\n`,
    );
    expect(readFileSync(KUBECONFIG, 'utf8')).toBe(
      foreign.replace('current-context: mine', 'current-context: ""'),
    );
    const again = await sandbox.forge(['kube', 'remove', 'dev'], { env: { KUBECONFIG } });
    expect([again.code, again.stdout]).toEqual([0, '']);
    expect(again.stderr).toBe('The kubeconfig has nothing of dev from forge.\n');
  });

  it('--all, --context and --plan; what others point at stays', async () => {
    const KUBECONFIG = newKubeconfig(foreign);
    const env = { KUBECONFIG };
    await sandbox.forge(['kube', 'use', 'dev'], { env });
    await sandbox.forge(['kube', 'use', 'qa'], { env });
    const before = readFileSync(KUBECONFIG, 'utf8');
    writeFileSync(
      KUBECONFIG,
      before.replace(
        'contexts:\n',
        `contexts:\n- {name: other, context: {cluster: ${JSON.stringify(arn)}, user: mine}}\n`,
      ),
    );
    const plan = await sandbox.forge(['kube', 'remove', '--all', '--plan'], { env });
    expect(plan.stdout).toContain('Remove dev, qa from the kubeconfig.');
    const one = await sandbox.forge(['kube', 'remove', '--context', 'qa', '--output', 'json'], { env });
    expect(JSON.parse(one.stdout)).toMatchObject({
      contexts: ['qa'],
      users: [expect.stringMatching(/qa-eks-cluster@Forge-Developer$/)],
      clusters: [expect.stringMatching(/qa-eks-cluster$/)],
      previousContext: 'qa',
      currentContext: null,
    });
    const all = await sandbox.forge(['kube', 'remove', '--all', '--output', 'json'], { env });
    expect(JSON.parse(all.stdout)).toMatchObject({ contexts: ['dev'], clusters: [] });
    expect(
      parse(readFileSync(KUBECONFIG, 'utf8')).clusters.map((each: { name: string }) => each.name),
    ).toEqual(['mine', arn]);
    const nothing = await sandbox.forge(['kube', 'remove'], { env });
    expect([nothing.code, nothing.stderr]).toEqual([
      2,
      expect.stringContaining('Nothing says what to remove.'),
    ]);
    const foreignOne = await sandbox.forge(['kube', 'remove', '--context', 'mine'], { env });
    expect(foreignOne.stderr).toContain('has nothing of "mine" from forge');
  });
});

describe('forge kube use, production, all and print', () => {
  it('asks before production, and marks it', async () => {
    const KUBECONFIG = newKubeconfig();
    const env = { KUBECONFIG };
    const refused = await sandbox.forge(['kube', 'use', 'prod-wealth'], { env });
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('--yes');
    expect(() => statSync(KUBECONFIG)).toThrow();
  });

  it('prints a kubeconfig of its own and writes nothing', async () => {
    const KUBECONFIG = newKubeconfig();
    const yaml = await sandbox.forge(['kube', 'use', 'dev', '--print', '--namespace', 'web'], {
      env: { KUBECONFIG },
    });
    const json = await sandbox.forge(
      ['kube', 'use', 'dev', '--print', '--namespace', 'web', '--output', 'json'],
      { env: { KUBECONFIG } },
    );
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
    expect(JSON.parse(json.stdout)).toMatchObject({
      'current-context': 'dev',
      contexts: [{ context: { namespace: 'web' } }],
    });
    expect(() => statSync(KUBECONFIG)).toThrow();
  });

  it('--all: what EKS lists beside forge.yaml, in every environment that can be entered', async () => {
    const KUBECONFIG = newKubeconfig('kind: Config\ncurrent-context: there\n');
    await fetch(`${sandbox.state.url}/_sandbox/eks-clusters`, {
      method: 'POST',
      headers: { 'x-forge-sandbox-admin': sandbox.state.adminToken, 'content-type': 'application/json' },
      body: JSON.stringify({ environment: 'qa', count: 3 }),
    });
    const { code, stdout, stderr } = await sandbox.forge(['kube', 'use', '--all', '--output', 'json'], {
      env: { KUBECONFIG },
    });
    expect([code, stderr]).toEqual([
      0,
      `These answer inside their network only; without a VPN: forge kube exec\n  qa/bulk-00001, qa/bulk-00002, qa/bulk-00003\nWrote ${KUBECONFIG}.\nThe current context is there.\n`,
    ]);
    const { contexts, currentContext } = JSON.parse(stdout);
    expect(contexts.map((each: { name: string }) => each.name)).toEqual([
      'dev',
      'qa',
      expect.stringMatching(/^qa\//),
      expect.stringMatching(/^qa\//),
      expect.stringMatching(/^qa\//),
    ]);
    expect(currentContext).toBe('there');
  });

  it('--all goes on when one environment fails, and says which', async () => {
    const KUBECONFIG = newKubeconfig();
    await sandbox.admin.fault({
      service: 'eks',
      operation: 'ListClusters',
      status: 500,
      error: 'ServerException',
      message: 'no',
      times: 3,
    });
    const { code, stdout, stderr } = await sandbox.forge(['kube', 'use', '--all'], { env: { KUBECONFIG } });
    await sandbox.admin.clearFaults();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Warning: dev is left out: /m);
    expect(stdout).toContain('qa\n');
  });

  it('a second role on a cluster has a user and a context of its own; a foreign context is not touched', async () => {
    const other = `${arn}@Forge-Admin`;
    const KUBECONFIG = newKubeconfig(
      `contexts:\n- name: dev\n  context:\n    cluster: ${arn}\n    user: ${other}\nusers:\n- name: ${other}\n  user: {token: x}\n`,
    );
    const before = readFileSync(KUBECONFIG, 'utf8');
    const { stdout, stderr } = await sandbox.forge(['kube', 'use', 'dev'], { env: { KUBECONFIG } });
    expect(stdout).toBe('dev@Forge-Developer\n');
    expect(stderr).toContain("The context dev is another one's: this one is dev@Forge-Developer.");
    expect(parse(readFileSync(KUBECONFIG, 'utf8'))).toMatchObject({
      contexts: [parse(before).contexts[0], { name: 'dev@Forge-Developer' }],
      users: [parse(before).users[0], { name: `${arn}@Forge-Developer` }],
    });
    const taken = await sandbox.forge(['kube', 'use', 'dev', '--context', 'dev'], { env: { KUBECONFIG } });
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining('forge did not write')]);
  });

  it.each([
    [['--all', 'dev'], 'one is named'],
    [['--all', '--context', 'x'], 'are for one cluster'],
    [['dev', '--production'], '--production goes with --all'],
    [['dev', '--context', 'a\nb'], "can't be the name of a context"],
    [['--all', '--env', 'nosuch'], 'there is no environment "nosuch"'],
    [['--all', '--env', 'prod-wealth'], 'with --all it takes --production'],
    // By its name in EKS it is production all the same.
    [['--cluster', 'prod-wealth-eks', '--region', 'us-east-1'], 'prod-wealth-eks is production'],
  ])('%j is refused', async (words, said) => {
    const { code, stderr } = await sandbox.forge(['kube', 'use', ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});
