import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { authenticateToken } from '../../../src/sandbox/kubernetes/authenticate.ts';
import { findAwsClis } from '../../support/aws-cli.ts';
import { startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';
import { findEksCluster } from '../kubernetes/stage.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
}, 60_000);
afterAll(() => sandbox[Symbol.asyncDispose]());

const clis = findAwsClis();
if (clis.length === 0)
  process.stderr.write('\nSkipped for lack of aws: EKS of the sandbox with the AWS CLI\n');

describe.skipIf(clis.length === 0)('the AWS CLI', () => {
  it.each(clis)(
    '$version lists, writes a kubeconfig that leads there, and makes a good token',
    async ({ path }) => {
      const { accessKeyId, secretAccessKey } = sandbox.world.userKeys('ci');
      const file = join(await sandbox.newHome(), 'config');
      const aws = (args: readonly string[]) =>
        sandbox.run(path, ['eks', ...args], {
          env: {
            AWS_ACCESS_KEY_ID: accessKeyId,
            AWS_SECRET_ACCESS_KEY: secretAccessKey,
            // A token is for AWS's own STS; with this set, newer CLIs make one that EKS refuses.
            AWS_ENDPOINT_URL: undefined,
          },
        });
      const here = ['--endpoint-url', sandbox.state.url];
      const name = 'dev-eks-cluster';
      const [listed, refused, updated, token] = await Promise.all([
        aws(['list-clusters', ...here]),
        aws(['describe-cluster', '--name', 'nope', ...here]),
        aws(['update-kubeconfig', '--name', name, '--kubeconfig', file, ...here]),
        aws(['get-token', '--cluster-name', name]),
      ]);
      expect(JSON.parse(listed.stdout)).toEqual({ clusters: [name] });
      expect(refused.stderr).toContain('(ResourceNotFoundException)');
      expect(updated.stdout).toContain('Added new context');
      const { clusters } = parse(await readFile(file, 'utf8'));
      const cluster = findEksCluster(sandbox.world, name);
      expect(clusters[0].cluster).toEqual({
        server: `https://127.0.0.1:${cluster.port}`,
        'certificate-authority-data': Buffer.from(cluster.authority ?? '').toString('base64'),
      });
      const verdict = authenticateToken(sandbox.world, cluster, JSON.parse(token.stdout).status.token);
      expect(verdict.ok && verdict.user.username).toBe('arn:aws:iam::111111111111:user/ci');
    },
    30_000,
  );
});
