import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { hasProgram } from '../../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

const kubectl = hasProgram('kubectl', 'kubectl config writing beside forge kube use', 'options');
const processes = 50;

let sandbox: TestSandbox;
let clusters: readonly string[];
beforeAll(async () => {
  sandbox = await startTestSandbox();
  await sandbox.signIn();
  await fetch(`${sandbox.state.url}/_sandbox/eks-clusters`, {
    method: 'POST',
    headers: { 'x-forge-sandbox-admin': sandbox.state.adminToken, 'content-type': 'application/json' },
    body: JSON.stringify({ environment: 'dev', count: processes }),
  });
  clusters = sandbox.world.organisation.eksClusters
    .filter(({ account }) => account === '111111111111')
    .map(({ name }) => name)
    .slice(-processes);
  // One that signs in to AWS for all.
  await sandbox.forge(['kube', 'token', 'dev']);
}, 150_000);
afterAll(async () => {
  await sandbox?.[Symbol.asyncDispose]();
});

const foreign = '# mine\nkind: Config\nclusters:\n- name: mine # here\n  cluster: {server: "https://mine"}\n';
function newKubeconfig(name: string): { readonly folder: string; readonly path: string } {
  const folder = join(sandbox.state.folder, name);
  mkdirSync(folder);
  const path = join(folder, 'config');
  writeFileSync(path, foreign, { mode: 0o600 });
  return { folder, path };
}
const use = (cluster: string, KUBECONFIG: string) =>
  sandbox.forge(['kube', 'use', '--env', 'dev', '--cluster', cluster], {
    env: { KUBECONFIG },
    timeoutMs: 120_000,
  });
const contextsIn = (path: string): string[] =>
  parse(readFileSync(path, 'utf8')).contexts.map(({ name }: { name: string }) => name);

describe('forge kube use, at the same time', () => {
  it('50 processes, 50 clusters: all are there', async () => {
    expect(clusters).toHaveLength(processes);
    const { folder, path } = newKubeconfig('parallel');
    const runs = await Promise.all(clusters.map((cluster) => use(cluster, path)));
    expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
    expect(contextsIn(path).toSorted()).toEqual(clusters.map((cluster) => `dev/${cluster}`).toSorted());
    expect(readFileSync(path, 'utf8').startsWith(foreign)).toBe(true);
    expect(readdirSync(folder)).toEqual(['config']);
  }, 150_000);

  it('with a program between that locks as kubectl does, and writes in place: nothing of either is lost', async () => {
    const { folder, path } = newKubeconfig('mixed');
    const some = clusters.slice(0, 12);
    let ended = false;
    const writing = writeInPlace(path, () => ended);
    const runs = await Promise.all(some.map((cluster) => use(cluster, path)));
    ended = true;
    const count = await writing;
    expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
    expect(count).toBeGreaterThan(0);
    expect(contextsIn(path).toSorted()).toEqual(some.map((cluster) => `dev/${cluster}`).toSorted());
    const comments = readFileSync(path, 'utf8').match(/^# \d+$/gm);
    expect(comments).toHaveLength(count);
    expect(readdirSync(folder)).toEqual(['config']);
  }, 150_000);

  /**
   * kubectl config reads before it locks, and then removes what came in between: its own loss, which no lock of
   * others prevents. What forge is held to: it waits, succeeds, and leaves a whole file.
   */
  it.skipIf(!kubectl)(
    'with kubectl between: every run succeeds, the file is whole, and kubectl reads it',
    async () => {
      const { folder, path } = newKubeconfig('kubectl');
      const some = clusters.slice(0, 6);
      const env = { KUBECONFIG: path };
      const others = Array.from({ length: 10 }, (_, index) =>
        sandbox.run('kubectl', ['config', 'set-context', `k${index}`, '--user', 'x'], { env }),
      );
      const runs = await Promise.all(some.map((cluster) => use(cluster, path)));
      await Promise.all(others);
      expect(runs.filter(({ code }) => code !== 0)).toEqual([]);
      for (const cluster of some) expect((await use(cluster, path)).code).toBe(0);
      const read = await sandbox.run('kubectl', ['config', 'get-contexts', '-o', 'name'], { env });
      for (const cluster of some) expect(read.stdout.split('\n')).toContain(`dev/${cluster}`);
      expect(readdirSync(folder)).toEqual(['config']);
    },
    60_000,
  );
});

/** Adds a comment a turn, as a program would that takes kubectl's lock before it reads. Answers how many. */
async function writeInPlace(path: string, isOver: () => boolean): Promise<number> {
  for (let count = 0; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (isOver()) return count;
    try {
      closeSync(openSync(`${path}.lock`, 'wx', 0));
    } catch {
      continue;
    }
    const text = readFileSync(path, 'utf8');
    const more = `# ${count}\n${text}`;
    // Half of it is there for a while.
    writeFileSync(path, more.slice(0, more.length / 2));
    await new Promise((resolve) => setTimeout(resolve, 2));
    writeFileSync(path, more);
    unlinkSync(`${path}.lock`);
    count++;
  }
}
