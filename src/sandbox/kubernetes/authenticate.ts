import { AwsFailure } from '../aws/aws-failure.ts';
import { clockToleranceMs, verifySignature } from '../aws/verify-signature.ts';
import { type AccessEntry, type EksCluster, roleArn, userArn } from '../organisation.ts';
import type { IssuedKeys, Principal } from '../principal.ts';
import type { World } from '../world.ts';
import type { KubernetesUser } from './api/kubernetes-user.ts';
import { clusterHeader, parseToken } from './parse-token.ts';

/** `reason` is for the server's log; a client only ever learns that it is unauthorized. */
export type TokenVerdict =
  | { readonly ok: true; readonly user: KubernetesUser; readonly keys: IssuedKeys }
  | { readonly ok: false; readonly reason: string; readonly keys: IssuedKeys | undefined };

/**
 * What EKS does with a bearer token: looks at the presigned GetCallerIdentity in it, has STS carry it out with this
 * cluster's name in x-k8s-aws-id, and finds the access entry of whoever STS says has signed. Never throws.
 * Source: kubernetes-sigs/aws-iam-authenticator, pkg/token/token.go and pkg/server/server.go; EKS User Guide,
 * "Create access entries".
 */
export function authenticateToken(
  world: Pick<World, 'keys' | 'now'>,
  cluster: EksCluster,
  token: string,
): TokenVerdict {
  let keys: IssuedKeys | undefined;
  try {
    const { host, query, region } = parseToken(token, cluster.region, world.now());
    const signed = {
      method: 'GET',
      path: '/',
      query,
      headers: [['host', host] as const, [clusterHeader, cluster.name] as const],
      body: Buffer.alloc(0),
    };
    // STS takes a presigned URL for 15 minutes, whatever X-Amz-Expires says.
    const rules = { service: 'sts', regions: [region], presignedSeconds: clockToleranceMs / 1000 };
    keys = verifySignature(signed, { ...rules, keys: world.keys, now: world.now() }).keys;
    const { principal } = keys;
    const arn = principal.kind === 'user' ? userArn(principal.user) : roleArn(principal.role);
    const entry = cluster.accessEntries.find(({ principalArn }) => principalArn === arn);
    if (entry === undefined) throw new AwsFailure('Unmapped', 401, `${arn} has no access entry`);
    return { ok: true, user: userOf(entry, keys), keys };
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    return { ok: false, reason: `${error.code}: ${error.message}`, keys };
  }
}

function userOf(entry: AccessEntry, { principal, accessKeyId }: IssuedKeys): KubernetesUser {
  const [principalId = '', sessionName = ''] = principal.userId.split(':');
  const template = entry.username ?? defaultUsername(principal);
  return {
    username: template
      .replaceAll('{{AccountID}}', principal.account)
      .replaceAll('{{SessionName}}', sessionName.replaceAll('@', '-'))
      .replaceAll('{{SessionNameRaw}}', sessionName),
    uid: `aws-iam-authenticator:${principal.account}:${principalId}`,
    groups: entry.groups,
    extra: {
      accessKeyId: [accessKeyId],
      arn: [principal.arn],
      canonicalArn: [canonicalArn(principal)],
      principalId: [principalId],
      sessionName: [sessionName],
      'sigs.k8s.io/aws-iam-authenticator/principalId': [principalId],
    },
    policies: entry.policies,
  };
}

/** EKS names an entry without a username after the principal, and a role's sessions one by one. */
function defaultUsername(principal: Principal): string {
  if (principal.kind === 'user') return userArn(principal.user);
  return `arn:aws:sts::${principal.account}:assumed-role/${principal.role.name}/{{SessionName}}`;
}

/** STS does not tell a role's path. */
function canonicalArn(principal: Principal): string {
  if (principal.kind === 'user') return userArn(principal.user);
  return `arn:aws:iam::${principal.account}:role/${principal.role.name}`;
}
