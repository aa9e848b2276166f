import { readFile } from 'node:fs/promises';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import { partitionOf } from '../lib/partition.ts';
import { clusterMemory } from './cluster-memory.ts';
import type { ClusterRequest } from './cluster-request.ts';

/** Where a cluster's API is, and whom to believe there. */
export interface ClusterLocation {
  /** `arn:aws:eks:us-east-1:111111111111:cluster/dev-eks-cluster`; undefined where the account is not known. */
  readonly arn: string | undefined;
  /** `https://…`, without a path. */
  readonly server: string;
  /** Base64 of PEM, as kubeconfigs hold it. */
  readonly certificateAuthority: string;
  /** Whether it can be reached from outside its network; undefined: only trying tells. */
  readonly publicAccess: boolean | undefined;
}

export interface LocatedCluster extends ClusterLocation {
  /** From an answer of EKS to an earlier command: worth asking again if it does not work. */
  readonly remembered: boolean;
}

type LocateParts = Pick<IdentityParts, 'host' | 'output' | 'aws'>;

/** From forge.yaml, from what EKS said within the last hour, or from EKS. Throws what describeCluster throws, CA_UNREADABLE. */
export async function locateCluster(
  parts: LocateParts,
  credentials: RoleCredentials,
  request: ClusterRequest,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<LocatedCluster> {
  const { known, region, cluster } = request;
  const { account } = credentials;
  if (known !== undefined) {
    const arn = account && `arn:${partitionOf(region)}:eks:${region}:${account}:cluster/${cluster}`;
    const certificateAuthority = await authorityOf(known.ca);
    return { arn, server: known.endpoint, certificateAuthority, publicAccess: undefined, remembered: false };
  }
  const key = account && `${account} ${region} ${cluster}`;
  const recalled = fresh || !key ? undefined : await clusterMemory.recall(parts.host, key);
  if (recalled !== undefined) return { ...recalled, remembered: true };
  const { describeCluster } = await import('../aws/eks.ts');
  const found = await describeCluster(await parts.aws(), region, signingKeys(credentials), cluster);
  const location: ClusterLocation = {
    arn: checkArn(found.arn, account, request),
    server: checkServer(found.endpoint),
    certificateAuthority: checkAuthority(found.certificateAuthority),
    publicAccess: found.publicAccess,
  };
  if (found.status !== 'ACTIVE') parts.output.warn(`The cluster ${cluster} is ${found.status}.`);
  else if (key) {
    await clusterMemory.remember(parts.host, key, location).catch((error: unknown) => {
      parts.output.debug(
        `the cluster is not kept: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }
  return { ...location, remembered: false };
}

async function authorityOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ForgeError('usage', `Can't read the authority ${file}: ${error.code}.`, {
      code: 'CA_UNREADABLE',
      hint: 'Correct "ca" at the cluster in forge.yaml.',
    });
  });
  return checkAuthority(Buffer.from(text, 'utf8').toString('base64'));
}

/** It is the name of entries: what has that name in a kubeconfig is written over, and must be this cluster. */
function checkArn(arn: string, account: string | undefined, { region, cluster }: ClusterRequest): string {
  const [, foundRegion, foundAccount, foundCluster] =
    /^arn:aws[a-z-]*:eks:([^:]*):(\d{12}):cluster\/([^/]*)$/.exec(arn) ?? [];
  const own = !account || foundAccount === account;
  if (own && foundRegion === region && foundCluster === cluster) return arn;
  throw new ForgeError('failed', `Asked for ${cluster}, EKS answers with ${JSON.stringify(arn)}.`, {
    code: 'INCOMPLETE_REPLY',
    hint: 'Check what answers in place of AWS: AWS_ENDPOINT_URL, HTTPS_PROXY.',
  });
}

/** It goes into files that other programs obey: nothing but what it should be gets there. */
function checkServer(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  // No user info, path, query or fragment.
  if (url?.protocol === 'https:' && url.href === `${url.origin}/`) return url.origin;
  throw new ForgeError('failed', `EKS names ${JSON.stringify(endpoint)} as the address of a cluster.`, {
    code: 'INCOMPLETE_REPLY',
    hint: 'Check what answers in place of AWS: AWS_ENDPOINT_URL, HTTPS_PROXY.',
  });
}

function checkAuthority(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  if (/^-----BEGIN CERTIFICATE-----\r?\n/m.test(text)) return base64;
  throw new ForgeError('failed', 'The certificate authority of the cluster is not in PEM form.', {
    code: 'INCOMPLETE_REPLY',
    hint: 'Check "ca" at the cluster in forge.yaml, or what answers in place of AWS.',
  });
}
