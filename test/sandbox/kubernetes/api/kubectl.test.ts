import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../../support/programs.ts';
import { type ApiStage, startApiStage } from './stage.ts';

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
});
