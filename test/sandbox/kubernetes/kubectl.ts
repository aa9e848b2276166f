import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Run, TestSandbox } from '../../support/sandbox.ts';
import { findEksCluster } from './stage.ts';

export interface KubeconfigWish {
  readonly server: string;
  /** Whose authority is trusted. */
  readonly cluster: string;
  readonly token: string;
  readonly serverName?: string;
}

/** A kubeconfig with a token in it, in a home of its own. */
async function writeKubeconfig(sandbox: TestSandbox, wish: KubeconfigWish): Promise<string> {
  const file = join(await sandbox.newHome(), 'config');
  const authority = findEksCluster(sandbox.world, wish.cluster).authority ?? '';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: wish.server,
          'certificate-authority-data': Buffer.from(authority).toString('base64'),
          ...(wish.serverName === undefined ? {} : { 'tls-server-name': wish.serverName }),
        },
      },
    ],
    users: [{ name: 'u', user: { token: wish.token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}

export async function kubectl(
  sandbox: TestSandbox,
  wish: KubeconfigWish,
  ...args: readonly string[]
): Promise<Run> {
  return sandbox.run('kubectl', ['--kubeconfig', await writeKubeconfig(sandbox, wish), ...args]);
}
