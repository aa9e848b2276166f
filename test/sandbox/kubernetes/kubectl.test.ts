import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { type KubeconfigWish, kubectl } from './kubectl.ts';
import { findEksCluster, roleKeys, tokenFor } from './stage.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
}, 60_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const hasKubectl = hasProgram('kubectl', 'the sandbox’s clusters with kubectl', 'help');

const ask = (wish: KubeconfigWish) => kubectl(sandbox, wish, 'auth', 'whoami', '-o', 'json');

describe.skipIf(!hasKubectl)('kubectl', () => {
  it('is told who asks, and that others must sign in', async () => {
    const { port } = findEksCluster(sandbox.world, 'dev-eks-cluster');
    const here = {
      server: `https://127.0.0.1:${port}`,
      cluster: 'dev-eks-cluster',
      token: tokenFor(sandbox.world),
    };
    const [good, bad, foreign] = await Promise.all([
      ask(here),
      ask({ ...here, token: tokenFor(sandbox.world, { cluster: 'qa-eks-cluster' }) }),
      ask({ ...here, cluster: 'qa-eks-cluster' }),
    ]);
    expect(good.stderr).toBe('');
    expect(JSON.parse(good.stdout).status.userInfo).toMatchObject({
      username: expect.stringMatching(
        /assumed-role\/AWSReservedSSO_Forge-Developer_[0-9a-f]{16}\/dana-tapp\.example$/,
      ),
      groups: ['node-readers', 'system:authenticated'],
    });
    expect(bad.stderr).toContain('You must be logged in to the server');
    expect(bad.code).toBe(1);
    expect(foreign.stderr).toMatch(/certificate signed by unknown authority/);
  });

  it('works in the cluster with a person’s rights there', async () => {
    const { port } = findEksCluster(sandbox.world, 'dev-eks-cluster');
    const as = (permissionSet: string) => ({
      server: `https://127.0.0.1:${port}`,
      cluster: 'dev-eks-cluster',
      token: tokenFor(sandbox.world, { keys: roleKeys(sandbox.world, permissionSet, '111111111111') }),
    });
    const [developer, reader] = [as('Forge-Developer'), as('Forge-QA-ReadOnly')];
    const { stdout: pods } = await kubectl(sandbox, reader, 'get', 'pods', '-o', 'name');
    const pod = pods.split('\n')[0] ?? '';
    expect(pod).toMatch(/^pod\/./);
    const [executed, refused, nodes] = await Promise.all([
      kubectl(sandbox, developer, 'exec', pod, '--', 'sh', '-c', 'echo out; exit 3'),
      kubectl(sandbox, reader, 'exec', pod, '--', 'true'),
      kubectl(sandbox, as('Forge-9Squid'), 'get', 'nodes'),
    ]);
    expect(executed).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(refused.stderr).toMatch(
      /forbidden: User ".*dana-tapp\.example" cannot create resource "pods\/exec"/,
    );
    // Its access is to one namespace, and nodes are in none.
    expect(nodes.stderr).toMatch(/nodes is forbidden/);
  });

  it('reaches a private cluster through Session Manager, by its own name', async () => {
    await sandbox.signIn('casey');
    const cluster = 'prod-wealth-eks';
    const { endpointHost } = findEksCluster(sandbox.world, cluster);
    const keys = roleKeys(sandbox.world, 'Forge-Wealth-ReadOnly', '333333333333', 'casey');
    const token = tokenFor(sandbox.world, { cluster, keys });
    await using tunnel = await forward('casey', 'prod-wealth/bastion', `0:${endpointHost}:443`);
    const through = { server: `https://127.0.0.1:${tunnel.port}`, cluster, token };
    const named = { ...through, serverName: endpointHost };
    const [good, nameless] = await Promise.all([ask(named), ask(through)]);
    expect(good.stderr).toBe('');
    expect(JSON.parse(good.stdout).status.userInfo.username).toMatch(
      /Forge-Wealth-ReadOnly_.*\/casey-tapp\.example$/,
    );
    expect(nameless.stderr).toMatch(/cannot validate certificate for 127\.0\.0\.1/);
    const { stdout } = await kubectl(sandbox, named, 'get', 'pods', '-o', 'name');
    const rescuer = roleKeys(sandbox.world, 'Forge-Prod-Kubernetes', '333333333333', 'sam');
    const rescue = { ...named, token: tokenFor(sandbox.world, { cluster, keys: rescuer }) };
    const pod = stdout.split('\n')[0] ?? '';
    const executed = await kubectl(sandbox, rescue, 'exec', pod, '--', 'echo', 'through');
    expect(executed).toMatchObject({ code: 0, stdout: 'through\n' });
  });
});

interface Tunnel extends AsyncDisposable {
  readonly port: number;
}

/** `forge ssm forward`, until it listens. */
async function forward(person: string, instance: string, spec: string): Promise<Tunnel> {
  const args = [await builtForge(), 'ssm', 'forward', instance, spec, '--output', 'json'];
  const child: ChildProcess = spawn(process.execPath, args, {
    env: sandbox.environment({ person }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.endsWith('}\n')) resolve(JSON.parse(out).forwards[0].localPort);
    });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${err}`)));
  });
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
