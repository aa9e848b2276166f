import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { type KubeconfigWish, whoAmI } from './kubectl.ts';
import { findEksCluster, roleKeys, tokenFor } from './stage.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
}, 60_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const hasKubectl = hasProgram('kubectl', 'the sandbox’s clusters with kubectl', 'help');

const ask = (wish: KubeconfigWish) => whoAmI(sandbox, wish);

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
      groups: ['system:authenticated'],
    });
    expect(bad.stderr).toContain('You must be logged in to the server');
    expect(bad.code).toBe(1);
    expect(foreign.stderr).toMatch(/certificate signed by unknown authority/);
  });

  it('reaches a private cluster through Session Manager, by its own name', async () => {
    await sandbox.signIn('casey');
    const cluster = 'prod-wealth-eks';
    const { endpointHost } = findEksCluster(sandbox.world, cluster);
    const keys = roleKeys(sandbox.world, 'Forge-Wealth-ReadOnly', '333333333333', 'casey');
    const token = tokenFor(sandbox.world, { cluster, keys });
    await using tunnel = await forward('casey', 'prod-wealth/bastion', `0:${endpointHost}:443`);
    const through = { server: `https://127.0.0.1:${tunnel.port}`, cluster, token };
    const [good, nameless] = await Promise.all([ask({ ...through, serverName: endpointHost }), ask(through)]);
    expect(good.stderr).toBe('');
    expect(JSON.parse(good.stdout).status.userInfo.username).toMatch(
      /Forge-Wealth-ReadOnly_.*\/casey-tapp\.example$/,
    );
    expect(nameless.stderr).toMatch(/cannot validate certificate for 127\.0\.0\.1/);
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
