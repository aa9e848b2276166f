import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../../support/programs.ts';
import { type ApiStage, type StageUser, startApiStage } from './stage.ts';

const here = hasProgram('kubectl', "the sandbox's Kubernetes API under kubectl", 'help');

describe.skipIf(!here)('an unmodified kubectl', () => {
  let stage: ApiStage;
  let web = '';
  beforeAll(async () => {
    stage = await startApiStage();
    const { stdout } = await stage.kubectl('viewer', ['get', 'pods', '-l', 'app=web', '-o', 'name']);
    web = stdout.split('\n')[0]?.replace('pod/', '') ?? '';
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it('lists pods', async () => {
    const { code, stdout } = await stage.kubectl('viewer', ['get', 'pods']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\n/);
    expect(stdout).toMatch(/^worker-\S+ +1\/1 +Running +4 \(12m ago\) +40d$/m);
    expect(stdout.trim().split('\n')).toHaveLength(7);
  });

  it('is told who may not what, as kube-apiserver says it', async () => {
    const nodes = await stage.kubectl('viewer', ['get', 'nodes']);
    expect(nodes).toMatchObject({ code: 1, stdout: '' });
    expect(nodes.stderr).toBe(
      'Error from server (Forbidden): nodes is forbidden: User "viewer" cannot list resource "nodes" in API group "" at the cluster scope\n',
    );
    const exec = await stage.kubectl('viewer', ['exec', web, '--', 'ls']);
    expect(exec.code).toBe(1);
    expect(exec.stderr).toContain(
      `Error from server (Forbidden): pods "${web}" is forbidden: User "viewer" cannot create resource "pods/exec" in API group "" in the namespace "default"`,
    );
  });

  it('runs programs in containers: output and errors apart, input, exit code', async () => {
    const run = await stage.kubectl('editor', [
      'exec',
      web,
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 3',
    ]);
    expect(run).toMatchObject({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\ncommand terminated with exit code 3\n',
    });
    const piped = await stage.kubectl('editor', ['exec', '-i', web, '--', 'cat'], { stdin: 'Gruß\n' });
    expect(piped).toMatchObject({ code: 0, stdout: 'Gruß\n', stderr: '' });
  });

  it('exec -it: a terminal, its size, Ctrl-C, the exit code', async () => {
    using terminal = await stage.terminal('editor', ['exec', '-it', web, '--', 'sh']);
    await terminal.waitFor(/[$#] $/);
    // kubectl tells the size when it gets to it.
    const waitForSize = async (size: string) => {
      terminal.write(`until [ "$(stty size)" = "${size}" ]; do sleep 0.1; done; echo now"-${size}"\r`);
      await terminal.waitFor(new RegExp(`now-${size}\\r\\n`));
    };
    await waitForSize('40 120');
    terminal.resize(90, 25);
    await waitForSize('25 90');
    terminal.write(`sh -c 'trap "echo caught; exit" INT; echo rea"dy"; while :; do sleep 0.1; done'\r`);
    await terminal.waitFor(/ready\r\n/);
    terminal.write('\x03');
    await terminal.waitFor(/caught\r\n[^\n]*[$#] $/);
    terminal.write('exit 9\r');
    expect(await terminal.exit).toBe(9);
  });

  it('runs programs over SPDY too, as kubectl before 1.31 does', async () => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
    const script = 'cat; echo err >&2; exit 4';
    const stdin = 'forge '.repeat(300_000);
    const run = await stage.kubectl('editor', ['exec', '-i', web, '--', 'sh', '-c', script], { env, stdin });
    expect(run.code).toBe(4);
    expect(run.stdout === stdin).toBe(true);
    expect(run.stderr).toBe('err\ncommand terminated with exit code 4\n');
    const refused = await stage.kubectl('auditor', ['exec', web, '--', 'ls'], { env });
    expect(refused.stderr).toContain('User "auditor" cannot create resource "pods/exec"');
  });

  it('gets everything that is seeded, in every form', async () => {
    const wide = await stage.kubectl('viewer', ['get', 'pods', '-A', '-o', 'wide']);
    expect(wide.stdout).toMatch(/^NAMESPACE +NAME .* IP +NODE +NOMINATED NODE +READINESS GATES$/m);
    expect(wide.stdout).toMatch(/^kube-system +coredns-/m);
    const json = await stage.kubectl('viewer', ['get', 'pod', web, '-o', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'Pod',
      metadata: { name: web },
      status: { phase: 'Running' },
    });
    const yaml = await stage.kubectl('viewer', ['get', 'pod', web, '-o', 'yaml']);
    expect(yaml.stdout).toMatch(/^kind: Pod$/m);
    const all =
      'deployments,replicasets,daemonsets,services,configmaps,endpoints,events,serviceaccounts,pods,namespaces';
    expect(await stage.kubectl('viewer', ['get', all, '-A'])).toMatchObject({ code: 0, stderr: '' });
    const nodes = await stage.kubectl('editor', ['get', 'nodes', '-o', 'wide']);
    expect(nodes.stdout).toMatch(
      /^ip-10-10-32-11\.ec2\.internal +Ready +<none> +40d +v1\.32\.0-eks-forge +10\.10\.32\.11/m,
    );
    const none = await stage.kubectl('viewer', ['get', 'pods', '-n', 'kube-public']);
    expect(none).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'No resources found in kube-public namespace.\n',
    });
    expect(await stage.kubectl('viewer', ['get', 'pod', 'gone'])).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): pods "gone" not found\n',
    });
  });

  it('describes pods and nodes', async () => {
    const pod = await stage.kubectl('viewer', ['describe', 'pod', '-l', 'app=worker']);
    expect(pod.code).toBe(0);
    expect(pod.stdout).toMatch(/Reason: +OOMKilled/);
    expect(pod.stdout).toMatch(/Warning +BackOff .* Back-off restarting failed container worker/);
    const node = await stage.kubectl('editor', ['describe', 'node', 'ip-10-10-32-11.ec2.internal']);
    expect(node).toMatchObject({ code: 0, stderr: '' });
    expect(node.stdout).toMatch(/Non-terminated Pods: +\(\d+ in total\)/);
  });

  it('reads logs: the last lines, of before, and as they come', async () => {
    const last = await stage.kubectl('viewer', ['logs', web, '--tail', '3']);
    expect(last.stdout.trim().split('\n')).toHaveLength(3);
    const before = await stage.kubectl('viewer', ['logs', '-l', 'app=worker', '--previous', '--tail', '1']);
    expect(before.stdout).toBe('level=error msg="out of memory"\n');
    expect((await stage.kubectl('viewer', ['logs', web, '--previous'])).stderr).toContain(
      `previous terminated container "web" in pod "${web}" not found`,
    );
    const orders = await stage.kubectl('viewer', ['logs', 'deploy/orders', '-c', 'nope']);
    expect(orders.stderr).toContain('container nope is not valid for pod orders-');
    using following = await stage.terminal('viewer', ['logs', '-f', '--tail', '1', web]);
    for (let line = 0; line < 3; line++) await following.waitFor(/request=\d+ [^\n]*\n/);
    following.write('\x03');
    expect(await following.exit).not.toBe(0);
  });

  it('knows what each may', async () => {
    const can = async (user: StageUser, ...words: string[]) =>
      (await stage.kubectl(user, ['auth', 'can-i', ...words])).stdout.trim();
    expect(await can('viewer', 'list', 'pods')).toBe('yes');
    expect(await can('viewer', 'create', 'pods/exec')).toBe('no');
    expect(await can('viewer', 'get', 'secrets')).toBe('no');
    expect(await can('auditor', 'get', 'secrets')).toBe('yes');
    expect(await can('auditor', 'create', 'pods/exec')).toBe('no');
    expect(await can('editor', 'create', 'pods/exec')).toBe('yes');
    expect(await can('squid', 'delete', 'pods')).toBe('no');
    expect(await can('squid', 'delete', 'pods', '-n', 'squid-1')).toBe('yes');
    expect(await can('admin', '*', '*')).toBe('yes');
    expect(await can('nobody', 'get', '/version')).toBe('yes');
    expect(await can('nobody', 'list', 'pods')).toBe('no');
    expect(await can('viewer', '--list')).toMatch(/^pods\/log +\[\] +\[\] +\[get list watch\]$/m);
    const me = await stage.kubectl('editor', ['auth', 'whoami']);
    expect(me.stdout).toMatch(/^Username +editor$/m);
    expect(me.stdout).toMatch(/^Groups +\[node-readers system:authenticated\]$/m);
    expect(await stage.kubectl('stranger', ['get', 'pods'])).toMatchObject({
      code: 1,
      stderr: 'error: You must be logged in to the server (Unauthorized)\n',
    });
    const secrets = await stage.kubectl('viewer', ['get', 'secrets']);
    expect(secrets.stderr).toContain(
      'cannot list resource "secrets" in API group "" in the namespace "default"',
    );
    const other = await stage.kubectl('editor', ['--as', 'somebody', 'get', 'pods']);
    expect(other.stderr).toContain(
      'users "somebody" is forbidden: User "editor" cannot impersonate resource "users"',
    );
    expect((await stage.kubectl('admin', ['--as', 'somebody', 'get', 'pods'])).stderr).toContain(
      'User "somebody" cannot list',
    );
  });

  it('tells its version and what it has', async () => {
    expect((await stage.kubectl('nobody', ['version'])).stdout).toContain(
      'Server Version: v1.32.0-eks-forge',
    );
    expect((await stage.kubectl('viewer', ['cluster-info'])).stdout).toContain('CoreDNS');
    expect((await stage.kubectl('nobody', ['api-resources'])).stdout).toMatch(
      /^deployments +deploy +apps\/v1 +true +Deployment$/m,
    );
    expect(await stage.kubectl('viewer', ['top', 'pods'])).toMatchObject({
      code: 1,
      stderr: 'error: Metrics API not available\n',
    });
  });

  it('creates, changes and deletes for those who may', async () => {
    const editor = (...args: string[]) => stage.kubectl('editor', args);
    expect(
      (await editor('create', 'configmap', 'dry', '--from-literal=a=b', '--dry-run=server')).stdout,
    ).toBe('configmap/dry created (server dry run)\n');
    expect((await editor('get', 'configmap', 'dry')).code).toBe(1);
    expect((await editor('create', 'configmap', 'real', '--from-literal=a=Grüße')).code).toBe(0);
    expect((await editor('get', 'configmap', 'real', '-o', 'jsonpath={.data.a}')).stdout).toBe('Grüße');
    expect((await editor('create', 'configmap', 'real')).stderr).toContain(
      'failed to create configmap: configmaps "real" already exists',
    );
    expect((await editor('label', 'configmap', 'real', 'tier=one')).code).toBe(0);
    expect((await editor('get', 'configmap', '-l', 'tier=one', '-o', 'name')).stdout).toBe(
      'configmap/real\n',
    );
    const manifest = (value: string) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data: { value } });
    for (const [value, said] of [
      ['1', 'created'],
      ['2', 'configured'],
      ['2', 'unchanged'],
    ] as const) {
      const applied = await stage.kubectl('editor', ['apply', '-f', '-'], { stdin: manifest(value) });
      expect(applied).toMatchObject({ code: 0, stdout: `configmap/applied ${said}\n` });
    }
    expect((await editor('delete', 'configmap', 'real', 'applied')).code).toBe(0);
    expect((await editor('run', 'hello', '--image=busybox')).code).toBe(0);
    expect(await editor('wait', '--for=condition=Ready', 'pod/hello', '--timeout=20s')).toMatchObject({
      code: 0,
    });
    expect((await editor('exec', 'hello', '--', 'echo', 'hi')).stdout).toBe('hi\n');
    expect((await editor('delete', 'pod', 'hello')).stdout).toContain('pod "hello" deleted');
    expect((await editor('delete', 'namespace', 'default')).stderr).toContain('Forbidden');
    const refused = await stage.kubectl('viewer', ['run', 'hello', '--image=busybox']);
    expect(refused.stderr).toContain('User "viewer" cannot create resource "pods"');
  });

  it('watches: a deleted pod goes and another one comes', async () => {
    const [worker = ''] = await stage
      .client('viewer')
      .names('/api/v1/namespaces/default/pods?labelSelector=app%3Dworker');
    using watching = await stage.terminal('viewer', ['get', 'pods', '-l', 'app=worker', '--watch']);
    await watching.waitFor(new RegExp(`${worker} +1/1 +Running`));
    expect((await stage.kubectl('editor', ['delete', 'pod', worker])).code).toBe(0);
    await watching.waitFor(/worker-\S+ +0\/1 +ContainerCreating/);
    await watching.waitFor(/worker-\S+ +1\/1 +Running/);
  });

  it('forwards ports', async () => {
    using forwarding = await stage.terminal('editor', ['port-forward', web, ':8080']);
    const [, port] = await forwarding.waitFor(/127\.0\.0\.1:(\d+) -> 8080/);
    for (const path of ['/one', '/two']) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      expect(await response.json()).toEqual({ pod: web, port: 8080, path });
    }
    const refused = await stage.kubectl('viewer', ['port-forward', web, ':8080']);
    expect(refused.stderr).toContain('cannot create resource "pods/portforward"');
  });
});
