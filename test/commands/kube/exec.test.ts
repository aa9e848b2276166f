import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../../src/sandbox/x509/certificates.ts';
import { hasProgram } from '../../support/programs.ts';
import { type KubeStage, startKubeStage } from './kube-stage.ts';

const withKubectl = hasProgram('kubectl', 'forge kube exec -- kubectl (the own client stands in)', 'help');
const pods = '/api/v1/namespaces/default/pods';

let stage: KubeStage;
beforeAll(async () => {
  stage = await startKubeStage();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

const node = (script: string) => ['--', process.execPath, '-e', script];
/** What a program sees: its kubeconfig, the environment, and what lies beside the kubeconfig. */
const look = `
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');
const file = process.env.KUBECONFIG, folder = dirname(file);
const mode = (path) => (statSync(path).mode & 0o777).toString(8);
process.stdout.write(JSON.stringify({
  folder, text: readFileSync(file, 'utf8'), mode: mode(folder), env: process.env,
  files: Object.fromEntries(readdirSync(folder).map((name) => [name, mode(join(folder, name))])),
}));`;
interface Seen {
  readonly folder: string;
  readonly text: string;
  readonly mode: string;
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}
const production = ['prod-wealth', '--reason', 'INC-1'];

describe('forge kube exec', () => {
  it('leads a program to the cluster directly, and starts no session', async () => {
    const run = await stage.kube(['exec', 'dev', '--', ...stage.client, pods]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toMatch(/^web-/m);
    expect((await stage.sandbox.admin.calls())['ssm:StartSession'] ?? 0).toBe(0);
  });

  it.skipIf(!withKubectl)('is all that an unmodified kubectl needs', async () => {
    const run = await stage.kube(['exec', 'dev', '--', 'kubectl', 'get', 'pods', '-o', 'name']);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toMatch(/^pod\/web-/m);
    const who = await stage.kube(
      [
        'exec',
        ...production,
        '--',
        'kubectl',
        'auth',
        'whoami',
        '-o',
        'jsonpath={.status.userInfo.username}',
      ],
      { person: 'casey' },
    );
    expect([who.code, who.stdout]).toEqual([0, expect.stringContaining('Forge-Wealth-ReadOnly')]);
  });

  it('goes through the bastion to a private endpoint, and checks its certificate by its real name', async () => {
    const run = await stage.kube(['exec', ...production, '--', ...stage.client, pods], { person: 'casey' });
    expect([run.code, run.stderr]).toEqual([0, expect.stringMatching(/^Connected through bastion \(i-/)]);
    expect(run.stdout).toMatch(/^web-/m);
    const home = stage.sandbox.environment({ person: 'casey' }).HOME ?? '';
    expect(existsSync(join(home, '.kube'))).toBe(false);
    const seen = await stage.kube(['exec', ...production, ...node(look)], { person: 'casey' });
    const config = JSON.parse((JSON.parse(seen.stdout) as Seen).text);
    expect(config.clusters[0].cluster).toMatchObject({
      server: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
      'tls-server-name': stage.cluster('prod-wealth-eks').endpointHost.toLowerCase(),
    });
    expect(config['current-context']).toBe('production:prod-wealth');
    expect(stage.openSessions()).toBe(0);
  });

  it('--via tunnel leads to a public cluster too, whose address the instance takes for itself', async () => {
    const run = await stage.kube(['exec', 'dev', '--via', 'tunnel', '--', ...stage.client, pods]);
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('Connected through bastion (i-')]);
    expect(run.stdout).toMatch(/^web-/m);
  });

  it('gives a kubeconfig that is private, holds neither token nor key, and is gone afterwards', async () => {
    const run = await stage.kube(['exec', 'dev', ...node(look)]);
    const seen = JSON.parse(run.stdout) as Seen;
    expect(seen).toMatchObject({ mode: '700', files: { kubeconfig: '600', token: '600' } });
    const keys = stage.sandbox.world.keys.all();
    expect(keys.length).toBeGreaterThan(0);
    const secrets = keys.flatMap((key) => [key.secretAccessKey, key.sessionToken ?? key.secretAccessKey]);
    expect(secrets.filter((secret) => run.stdout.includes(secret))).toEqual([]);
    expect(run.stdout).not.toContain('k8s-aws-v1');
    expect(existsSync(seen.folder)).toBe(false);
    expect(stage.runFolders('dana')).toEqual([]);
    expect(existsSync(join(seen.env.HOME ?? '', '.kube', 'config'))).toBe(false);
  });

  it('takes away what would lead elsewhere, and the kubeconfig of the person', async () => {
    const foreign = {
      KUBECONFIG: '/nowhere/config',
      HELM_KUBECONTEXT: 'other',
      HELM_KUBETOKEN: 'x',
      HELM_NAMESPACE: 'other',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBE_CONFIG_PATH: '/nowhere',
      K8S_AUTH_HOST: 'https://other',
      KUBERNETES_EXEC_INFO: '{}',
    };
    const kept = { KUBE_EDITOR: 'vi', K9S_CONFIG_DIR: '/k9s', HELM_CACHE_HOME: '/helm' };
    const run = await stage.kube(['exec', 'dev', ...node(look)], { env: { ...foreign, ...kept } });
    const { env, folder } = JSON.parse(run.stdout) as Seen;
    expect(env).toMatchObject({ ...kept, KUBECONFIG: join(folder, 'kubeconfig'), FORGE_ENV: 'dev' });
    const { KUBECONFIG: _, ...others } = foreign;
    for (const name of Object.keys(others)) expect(env[name], name).toBeUndefined();
    if (!withKubectl) return;
    const again = await stage.kube(['exec', 'dev', '--', 'kubectl', 'config', 'current-context'], {
      env: foreign,
    });
    expect(again.stdout).toBe('dev\n');
  });

  it.each([0, 1, 7, 130, 255])('ends with %i when the program does', async (status) => {
    const run = await stage.kube(['exec', 'dev', ...node(`process.exit(${status})`)]);
    expect(run).toMatchObject({ code: status, stderr: '' });
  });

  it('ends as a shell does where there is no program, or none that runs', async () => {
    expect(await stage.kube(['exec', 'dev', '--', 'no-such-program'])).toMatchObject({
      code: 127,
      stdout: '',
      stderr: 'Error: There is no command no-such-program.\nCheck its name and your PATH.\n',
    });
    const folder = await stage.sandbox.newHome();
    expect(await stage.kube(['exec', 'dev', '--', folder])).toMatchObject({ code: 126 });
    expect(await stage.kube(['exec', 'dev'])).toMatchObject({ code: 2, stdout: '' });
    expect(await stage.kube(['exec', 'dev', ...node('process.kill(process.pid, "SIGKILL")')])).toMatchObject({
      code: 137,
    });
  });

  it('refuses production without a reason, and without access names the command that asks for it', async () => {
    const asJson = async (args: string[], person = 'casey') => {
      const run = await stage.kube(['exec', '--output', 'json', ...args, ...node('console.log("ran")')], {
        person,
      });
      expect(run.stdout).toBe('');
      return [run.code, JSON.parse(run.stderr).error.code, JSON.parse(run.stderr).error.hint];
    };
    expect(await asJson(['prod-wealth'])).toEqual([2, 'REASON_NEEDED', expect.stringContaining('--reason')]);
    expect(await asJson(['prod-cash', '--reason', 'x', '--cluster', 'any'])).toEqual([
      5,
      'BREAK_GLASS_NEEDED',
      expect.stringContaining('forge breakglass '),
    ]);
    // Named by its name in EKS, it is production all the same.
    expect(await asJson(['--cluster', 'prod-wealth-eks', '--env', 'prod-wealth'])).toEqual([
      2,
      'REASON_NEEDED',
      expect.any(String),
    ]);
  });

  it('production is production by its name in EKS too', async () => {
    const words = ['exec', '--cluster', 'prod-wealth-eks', '--region', 'us-east-1'];
    for (const plan of [[], ['--plan']]) {
      const { code, stdout, stderr } = await stage.kube([...words, ...plan, '--', 'true']);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('"forge kube exec" on production needs a reason.');
    }
  });

  it('is in the journal with the program, without its values, opened and closed once', async () => {
    const secret = 'hunter2-hunter2';
    const words = [
      'create',
      'secret',
      'generic',
      'db',
      `--from-literal=password=${secret}`,
      '--dry-run=client',
    ];
    await stage.kube(['exec', 'dev', '--', 'kubectl', ...words]);
    const records = stage.journal('dana').slice(-2);
    expect(records).toMatchObject([
      {
        type: 'access.opened',
        purpose: 'kube exec',
        target: 'dev',
        program: 'kubectl create secret generic',
      },
      { type: 'access.closed', id: records[0]?.id },
    ]);
    expect(JSON.stringify(records)).not.toContain(secret);
  });

  it('hands stdin, arguments and stdout through, byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
    const hash = "require('crypto').createHash('sha256').update(require('fs').readFileSync(0)).digest('hex')";
    const script = `process.stdout.write(${hash} + JSON.stringify(process.argv.slice(1)))`;
    const words = ['a b', '', '--plan', '--', '$HOME', 'é😀'];
    const run = await stage.kube(['exec', 'dev', ...node(script), '--', ...words], { stdin: bytes });
    expect(run.stdout).toBe(createHash('sha256').update(bytes).digest('hex') + JSON.stringify(words));
  });

  it('--plan says what would happen, and asks nobody', async () => {
    const before = await stage.sandbox.admin.calls();
    const plan = async (...args: string[]) => {
      const run = await stage.kube([
        'exec',
        '--plan',
        '--output',
        'json',
        ...args,
        '--',
        'kubectl',
        'get',
        'pods',
      ]);
      expect([run.code, run.stderr]).toEqual([0, '']);
      return JSON.stringify(JSON.parse(run.stdout));
    };
    const auto = await plan('dev');
    for (const word of ['eks:DescribeCluster', 'ssm:StartSession', 'try the endpoint directly'])
      expect(auto).toContain(word);
    expect(await plan('dev', '--via', 'direct')).not.toContain('ssm:StartSession');
    expect(await plan('dev', '--via', 'tunnel')).not.toContain('directly');
    expect(await stage.sandbox.admin.calls()).toEqual(before);
    const refused = await stage.kube(['exec', '--plan', 'prod-wealth', '--', 'true']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  it('a bastion that is not there, and one that is named', async () => {
    const args = ['exec', '--output', 'json', 'dev', '--via', 'tunnel', '--bastion'];
    const none = await stage.kube([...args, 'no-such', '--', 'true']);
    expect([none.code, JSON.parse(none.stderr).error.code]).toEqual([2, 'UNKNOWN_INSTANCE']);
    const web = await stage.kube([...args, 'web-1', '--', ...stage.client, pods]);
    expect([web.code, web.stderr]).toEqual([0, expect.stringContaining('Connected through web-1 (i-')]);
    const nothing = [
      'exec',
      '--output',
      'json',
      '--cluster',
      'c',
      '--region',
      'us-east-1',
      '--via',
      'tunnel',
    ];
    const keys = JSON.parse((await stage.sandbox.forge(['credentials', 'dev'])).stdout);
    const env = {
      FORGE_CONFIG: undefined,
      AWS_ACCESS_KEY_ID: keys.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
      AWS_SESSION_TOKEN: keys.SessionToken,
    };
    const unknown = await stage.kube([...nothing, '--', 'true'], { env });
    expect(unknown.code).not.toBe(0);
    const flags = [
      'exec',
      '--cluster',
      'dev-eks-cluster',
      '--region',
      'us-east-1',
      '--',
      ...stage.client,
      pods,
    ];
    expect(await stage.kube(flags, { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^web-/m),
    });
  });

  it('two at once do not disturb each other', async () => {
    const both = await Promise.all([
      stage.kube(['exec', 'dev', ...node(look)]),
      stage.kube(['exec', 'dev', ...node(look)]),
    ]);
    const folders = both.map(({ stdout }) => (JSON.parse(stdout) as Seen).folder);
    expect(new Set(folders).size).toBe(2);
  });

  it('works where the cache folder is too deep for a unix socket', async () => {
    const deep = join(await stage.sandbox.newHome(), 'x'.repeat(60), 'y'.repeat(60));
    const env = { XDG_CACHE_HOME: deep };
    const run = await stage.kube(['exec', 'dev', '--', ...stage.client, pods], { env });
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toMatch(/^web-/m);
    const seen = JSON.parse((await stage.kube(['exec', 'dev', ...node(look)], { env })).stdout) as Seen;
    expect(seen).toMatchObject({ mode: '700', files: { kubeconfig: '600', token: '600' } });
    expect(seen.folder.startsWith(deep)).toBe(false);
    expect(existsSync(seen.folder)).toBe(false);
  });
});

describe('which server it is', () => {
  const memory = () => join(stage.sandbox.environment().HOME ?? '', '.cache', 'forge', 'clusters.json');
  const other = Buffer.from(createCertificateAuthority('another', Date.now()).certificate).toString('base64');

  it('asks EKS again when what is remembered is of a cluster that is gone', async () => {
    await stage.kube(['exec', 'dev', '--', 'true']);
    const before = (await stage.sandbox.admin.calls())['eks:DescribeCluster'] ?? 0;
    await stage.kube(['exec', 'dev', '--', 'true']);
    expect((await stage.sandbox.admin.calls())['eks:DescribeCluster'] ?? 0).toBe(before);
    const kept = readFileSync(memory(), 'utf8');
    const authority = /"certificateAuthority":"([^"]+)"/.exec(kept)?.[1] ?? '';
    for (const stale of [
      kept.replace(authority, other),
      kept.replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://127.0.0.1:9'),
    ]) {
      expect(stale).not.toBe(kept);
      writeFileSync(memory(), stale, { mode: 0o600 });
      const run = await stage.kube(['exec', 'dev', '--', ...stage.client, pods]);
      expect([run.code, run.stderr]).toEqual([0, '']);
    }
    expect((await stage.sandbox.admin.calls())['eks:DescribeCluster']).toBe(before + 2);
    expect(statSync(memory()).mode & 0o777).toBe(0o600);
  });

  it('starts nothing where another server answers, directly or behind the tunnel', async () => {
    const ran = join(await stage.sandbox.newHome(), 'ran');
    const program = node(`require('fs').writeFileSync(${JSON.stringify(ran)}, '')`);
    for (const [name, args, person] of [
      ['dev-eks-cluster', ['dev', '--via', 'direct'], 'dana'],
      ['prod-wealth-eks', production, 'casey'],
    ] as const) {
      const cluster = stage.cluster(name);
      const { authority } = cluster;
      cluster.authority = Buffer.from(other, 'base64').toString();
      const home = stage.sandbox.environment({ person }).HOME ?? '';
      const file = join(home, '.cache', 'forge', 'clusters.json');
      const kept = existsSync(file) ? readFileSync(file) : undefined;
      writeFileSync(file, '{}', { mode: 0o600 });
      try {
        const run = await stage.kube(['exec', '--output', 'json', ...args, ...program], { person });
        expect(run, run.stderr).toMatchObject({ code: 1, stdout: '' });
        expect(run.stderr).toContain('"CLUSTER_CERTIFICATE"');
        expect(existsSync(ran)).toBe(false);
      } finally {
        Object.assign(cluster, { authority });
        writeFileSync(file, kept ?? '{}', { mode: 0o600 });
      }
    }
    expect(stage.openSessions()).toBe(0);
  });

  it('--via direct to a private cluster says that it does not answer', async () => {
    await stage.sandbox.admin.lever('network', {
      environment: 'prod-wealth',
      direct: false,
      refusal: 'closed',
    });
    const args = ['exec', '--output', 'json', ...production, '--via', 'direct', '--', 'true'];
    const run = await stage.kube(args, { person: 'casey' });
    expect([run.code, JSON.parse(run.stderr).error.code]).toEqual([6, 'CLUSTER_UNREACHABLE']);
  });
});
