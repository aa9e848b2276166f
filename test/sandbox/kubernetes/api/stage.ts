import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubernetesApi } from '../../../../src/sandbox/kubernetes/api/kubernetes-api.ts';
import type {
  AccessPolicyName,
  KubernetesUser,
} from '../../../../src/sandbox/kubernetes/api/kubernetes-user.ts';
import { statusOf, unauthorized } from '../../../../src/sandbox/kubernetes/api/status.ts';
import { createCertificateAuthority } from '../../../../src/sandbox/x509/certificates.ts';
import { createKubeClient, type KubeClient } from '../../../support/kube-client.ts';
import { openTerminal, type Terminal } from '../../../support/pty.ts';
import { type Run, type RunOptions, runProgram } from '../../../support/sandbox.ts';

/** The API behind an authentication of few words: the token says who it is. */
export interface ApiStage extends AsyncDisposable {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  readonly server: Server;
  client(user: StageUser): KubeClient;
  kubectl(user: StageUser, args: readonly string[], options?: RunOptions): Promise<Run>;
  terminal(user: StageUser, args: readonly string[]): Promise<Terminal>;
}

const policies: Readonly<Record<string, AccessPolicyName>> = {
  viewer: 'AmazonEKSViewPolicy',
  editor: 'AmazonEKSEditPolicy',
  auditor: 'AmazonEKSAdminViewPolicy',
  admin: 'AmazonEKSClusterAdminPolicy',
};
export type StageUser = 'viewer' | 'editor' | 'auditor' | 'admin' | 'squid' | 'nobody' | 'stranger';

export function userNamed(name: string): KubernetesUser {
  const policy = policies[name];
  return {
    username: name,
    uid: `uid-of-${name}`,
    groups: name === 'editor' ? ['node-readers'] : [],
    extra: { sessionName: [name] },
    policies:
      name === 'squid'
        ? [{ policy: 'AmazonEKSEditPolicy', namespaces: ['squid-*'] }]
        : policy === undefined
          ? []
          : [{ policy, namespaces: undefined }],
  };
}

export async function startApiStage(options: { readonly bulkPods?: number } = {}): Promise<ApiStage> {
  const now = Date.now;
  const authority = createCertificateAuthority('a test cluster', now());
  const folder = await mkdtemp(join(tmpdir(), 'forge-kubernetes-api-'));
  const api = createKubernetesApi(
    {
      name: 'dev-eks-cluster',
      account: '111111111111',
      region: 'us-east-1',
      version: '1.32',
      createdAt: now() - 40 * 86_400_000,
      bulkPods: options.bulkPods ?? 0,
    },
    { now, containersFolder: join(folder, 'containers') },
  );
  const { certificate, key } = authority.issue(['localhost']);
  const server = createServer({ cert: certificate, key });
  const userOf = (header: string | undefined) => {
    const token = /^Bearer (\w+)$/.exec(header ?? '')?.[1];
    return token === undefined || token === 'stranger' ? undefined : userNamed(token);
  };
  server.on('request', (message, response) => {
    const user = userOf(message.headers.authorization);
    if (user !== undefined) return api.handle(message, response, user);
    const failure = unauthorized();
    response.writeHead(failure.code, { 'content-type': 'application/json' });
    response.end(JSON.stringify(statusOf(failure)));
  });
  server.on('upgrade', (message, socket, head) => {
    const user = userOf(message.headers.authorization);
    if (user === undefined) socket.destroy();
    else api.upgrade(message, socket, head, user);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const environment = async (user: StageUser) => {
    const file = join(folder, `${user}.yaml`);
    await writeFile(file, kubeconfig(url, authority.certificate, user), { mode: 0o600 });
    return { PATH: process.env.PATH, HOME: folder, KUBECONFIG: file };
  };
  return {
    url,
    authority: authority.certificate,
    server,
    client: (user) => createKubeClient({ server: url, authority: authority.certificate, token: user }),
    kubectl: async (user, args, options = {}) =>
      runProgram('kubectl', args, { ...(await environment(user)), ...options.env }, options),
    terminal: async (user, args) =>
      openTerminal('kubectl', args, { env: await environment(user), cwd: folder }),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function kubeconfig(server: string, authority: string, token: string): string {
  const data = Buffer.from(authority).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': data } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}
