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
