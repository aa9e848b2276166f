import { partitionOf } from '../lib/partition.ts';
import { Secret } from '../lib/secret.ts';
import { presign, type SigningKeys } from '../lib/sigv4.ts';

export interface EksTokenRequest {
  /** Name of the cluster in EKS: a token for another one is refused. */
  readonly cluster: string;
  readonly region: string;
  readonly keys: SigningKeys;
  /** Epoch milliseconds on AWS's clock. */
  readonly now: number;
}

/**
 * How long a client is told that a token lasts, as `aws eks get-token` tells it: EKS takes one for 15 minutes from
 * its signing, and a minute is left for clocks that differ. The 60 seconds in the signature are never asked.
 */
export const eksTokenLifetimeMs = 14 * 60_000;

/**
 * A bearer token for the API of an EKS cluster: a presigned sts:GetCallerIdentity that is bound to the cluster by a
 * signed header, which EKS sends to STS to learn who asks. Made locally. Always for STS's real name: an override of
 * this machine (AWS_ENDPOINT_URL_STS) means nothing to EKS.
 * https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
 */
export function eksToken({ cluster, region, keys, now }: EksTokenRequest): Secret {
  const domain = partitionOf(region) === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const request = presign({
    service: 'sts',
    region,
    host: `sts.${region}.${domain}`,
    path: '/',
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: { 'x-k8s-aws-id': cluster },
    expiresInSeconds: 60,
    keys,
    now,
  });
  return new Secret(`k8s-aws-v1.${Buffer.from(`https://${request}`).toString('base64url')}`);
}
