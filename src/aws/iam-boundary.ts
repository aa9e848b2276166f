import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyVersionCommand,
  IAMClient,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** IAM keeps so many versions of a managed policy. */
const mostVersions = 5;

/**
 * Replaces the document of a managed policy by what `change` makes of the one that counts now; nothing is written when that
 * is the same. The oldest version goes when there is no room. Two at once: the later write counts, so callers are to be
 * one at a time. IAM actions iam:ListPolicyVersions, GetPolicyVersion, DeletePolicyVersion, CreatePolicyVersion.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
 */
export async function rewritePolicy(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  policyArn: string,
  change: (document: string) => string,
): Promise<void> {
  const client = new IAMClient(aws.clientConfig('iam', region, keys));
  const call = (operation: string): AwsCall => ({
    service: 'iam',
    operation,
    region,
    action: `iam:${operation}`,
    resource: policyArn,
  });
  const { Versions: versions } = await callAws(aws, call('ListPolicyVersions'), (options) =>
    client.send(new ListPolicyVersionsCommand({ PolicyArn: policyArn }), options),
  );
  const current = versions?.find((version) => version.IsDefaultVersion)?.VersionId;
  if (versions === undefined || current === undefined)
    throw incompleteReply('iam ListPolicyVersions', 'default version');
  const { PolicyVersion: version } = await callAws(aws, call('GetPolicyVersion'), (options) =>
    client.send(new GetPolicyVersionCommand({ PolicyArn: policyArn, VersionId: current }), options),
  );
  if (version?.Document === undefined) throw incompleteReply('iam GetPolicyVersion', 'document');
  // RFC 3986 percent-encoding, says the API reference.
  const before = decodeURIComponent(version.Document);
  const document = change(before);
  if (document === before) return;
  if (versions.length >= mostVersions) {
    const oldest = versions
      .filter((entry) => !entry.IsDefaultVersion)
      .sort((a, b) => (a.CreateDate?.getTime() ?? 0) - (b.CreateDate?.getTime() ?? 0))[0]?.VersionId;
    await callAws(aws, call('DeletePolicyVersion'), (options) =>
      client.send(new DeletePolicyVersionCommand({ PolicyArn: policyArn, VersionId: oldest }), options),
    );
  }
  await callAws(aws, call('CreatePolicyVersion'), (options) =>
    client.send(
      new CreatePolicyVersionCommand({
        PolicyArn: policyArn,
        PolicyDocument: document,
        SetAsDefault: true,
      }),
      options,
    ),
  );
}
