/**
 * `node kubeconfig-worker.mjs <path>`: prints the names that a path of the Kubernetes API lists, one a line, as a client
 * would that was told nothing but KUBECONFIG: it runs the credential plugin and checks the certificate by the name there.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createKubeClient } from './kube-client.ts';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: {
      readonly server: string;
      readonly 'certificate-authority-data': string;
      readonly 'tls-server-name'?: string;
    };
  }[];
  readonly users: readonly {
    readonly user: {
      readonly exec: {
        readonly command: string;
        readonly args: readonly string[];
        readonly env: readonly { readonly name: string; readonly value: string }[] | null;
      };
    };
  }[];
}

const { clusters, users } = JSON.parse(readFileSync(process.env.KUBECONFIG ?? '', 'utf8')) as Kubeconfig;
const [entry, user] = [clusters[0]?.cluster, users[0]?.user.exec];
if (entry === undefined || user === undefined) throw new Error('the kubeconfig is empty');
const own = Object.fromEntries((user.env ?? []).map(({ name, value }) => [name, value]));
const credential = execFileSync(user.command, user.args, {
  env: { ...process.env, ...own },
  encoding: 'utf8',
});
const serverName = entry['tls-server-name'];
const client = createKubeClient({
  server: entry.server,
  authority: Buffer.from(entry['certificate-authority-data'], 'base64').toString(),
  token: (JSON.parse(credential) as { readonly status: { readonly token: string } }).status.token,
  ...(serverName === undefined ? {} : { serverName }),
});
process.stdout.write(`${(await client.names(process.argv[2] ?? '')).join('\n')}\n`);
