import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  GetPolicyVersionCommand,
  IAMClient,
  ListPolicyVersionsCommand,
} from '@aws-sdk/client-iam';
import { ForgeError } from '../errors.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** IAM keeps so many versions of a managed policy. */
const mostVersions = 5;
/** So often may others write meanwhile. */
const mostRaces = 20;

/**
 * Replaces the document of a managed policy by what `change` makes of all its versions, the one that counts first; nothing
 * is written when that is the same as this. IAM has no conditional write, so whoever wrote looks again, until the version
 * that counts says what `change` wants of all that are kept: of two writers at once the earlier one's version is
 * still there for the later one to see. `change` must only ever add, or two would undo each other without end.
 * IAM actions iam:ListPolicyVersions, GetPolicyVersion, DeletePolicyVersion, CreatePolicyVersion.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
 */
export async function rewritePolicy(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  policyArn: string,
  change: (documents: readonly string[]) => string,
): Promise<void> {
  const policy = openPolicy(aws, region, keys, policyArn);
  const known = new Map<string, string>();
  for (let race = 0; race < mostRaces; race++) {
    const versions = await policy.versions();
    for (const { id } of versions) {
      if (known.has(id)) continue;
      const document = await policy.read(id).catch(unless('NoSuchEntity'));
      // Gone meanwhile: who deleted it has read it, and writes.
      if (document !== undefined) known.set(id, document);
    }
    const [current] = versions;
    const before = current && known.get(current.id);
    if (before === undefined) continue;
    const wanted = change([before, ...[...known.values()].filter((document) => document !== before)]);
    if (wanted === before) return;
    if (versions.length >= mostVersions)
      await policy.remove(versions.at(-1)?.id).catch(unless('NoSuchEntity'));
    // Others filled the room: the next round makes some again.
    const written = await policy.write(wanted).catch(unless('LimitExceeded'));
    if (written !== undefined) known.set(written, wanted);
  }
  throw new ForgeError('failed', `Others kept writing ${policyArn}.`, { code: 'POLICY_BUSY' });
}

function openPolicy(aws: Aws, region: string, keys: SigningKeys, PolicyArn: string) {
  const client = new IAMClient(aws.clientConfig('iam', region, keys));
  const call = (operation: string): AwsCall => ({
    service: 'iam',
    operation,
    region,
    action: `iam:${operation}`,
    resource: PolicyArn,
  });
  return {
    /** The one that counts, then the others, the newest first. */
    async versions(): Promise<readonly { readonly id: string }[]> {
      const { Versions: listed } = await callAws(aws, call('ListPolicyVersions'), (options) =>
        client.send(new ListPolicyVersionsCommand({ PolicyArn }), options),
      );
      const versions = (listed ?? []).flatMap(({ VersionId: id, IsDefaultVersion: counts }) =>
        id === undefined ? [] : [{ id, counts: counts === true, number: Number(id.slice(1).split('.')[0]) }],
      );
      if (!versions.some(({ counts }) => counts))
        throw incompleteReply('iam ListPolicyVersions', 'default version');
      return versions.sort((a, b) => Number(b.counts) - Number(a.counts) || b.number - a.number);
    },
    async read(VersionId: string): Promise<string> {
      const { PolicyVersion: version } = await callAws(aws, call('GetPolicyVersion'), (options) =>
        client.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }), options),
      );
      if (version?.Document === undefined) throw incompleteReply('iam GetPolicyVersion', 'document');
      // RFC 3986 percent-encoding, says the API reference.
      return decodeURIComponent(version.Document);
    },
    async remove(VersionId: string | undefined): Promise<void> {
      await callAws(aws, call('DeletePolicyVersion'), (options) =>
        client.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }), options),
      );
    },
    /** Counts from now on; its id. */
    async write(PolicyDocument: string): Promise<string> {
      const { PolicyVersion: version } = await callAws(aws, call('CreatePolicyVersion'), (options) =>
        client.send(
          new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }),
          options,
        ),
      );
      if (version?.VersionId === undefined) throw incompleteReply('iam CreatePolicyVersion', 'version');
      return version.VersionId;
    },
  };
}

/** What fails so is nothing; everything else fails. */
const unless =
  (name: string) =>
  (error: unknown): undefined => {
    if (awsErrorName(error)?.startsWith(name) !== true) throw error;
  };
