import {
  CreateAccessKeyCommand,
  DeleteAccessKeyCommand,
  IAMClient,
  ListAccessKeysCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { Secret } from '../lib/secret.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, type AwsCall, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

/** Whose keys, by which keys; without a user's name IAM takes the one whose keys sign. */
export interface AccessKeyCaller {
  readonly aws: Aws;
  readonly region: string;
  readonly keys: SigningKeys;
  /** For sentences when it is refused. */
  readonly userArn: string;
}

export interface AccessKeyFacts {
  readonly accessKeyId: string;
  /** Epoch milliseconds; IAM says whole seconds. */
  readonly createdAt: number;
  readonly active: boolean;
}

/** IAM action iam:ListAccessKeys. A user has two at most: one page. */
export async function listAccessKeys(caller: AccessKeyCaller): Promise<readonly AccessKeyFacts[]> {
  const output = await callAws(caller.aws, callOf(caller, 'ListAccessKeys'), (options) =>
    clientOf(caller).send(new ListAccessKeysCommand({}), options),
  );
  return (output.AccessKeyMetadata ?? []).map(({ AccessKeyId, CreateDate, Status }) => {
    if (!AccessKeyId || CreateDate === undefined) throw incompleteReply('iam ListAccessKeys', 'key');
    return { accessKeyId: AccessKeyId, createdAt: CreateDate.getTime(), active: Status === 'Active' };
  });
}

/** IAM action iam:CreateAccessKey. It works seconds later, not at once. */
export async function createAccessKey(
  caller: AccessKeyCaller,
): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: Secret }> {
  const output = await callAws(caller.aws, callOf(caller, 'CreateAccessKey'), (options) =>
    clientOf(caller).send(new CreateAccessKeyCommand({}), options),
  );
  const { AccessKeyId, SecretAccessKey } = output.AccessKey ?? {};
  if (!AccessKeyId || !SecretAccessKey) throw incompleteReply('iam CreateAccessKey', 'key');
  return { accessKeyId: AccessKeyId, secretAccessKey: new Secret(SecretAccessKey) };
}

/** IAM action iam:UpdateAccessKey. */
export async function disableAccessKey(caller: AccessKeyCaller, accessKeyId: string): Promise<void> {
  const command = new UpdateAccessKeyCommand({ AccessKeyId: accessKeyId, Status: 'Inactive' });
  await callAws(caller.aws, callOf(caller, 'UpdateAccessKey'), (options) =>
    clientOf(caller).send(command, options),
  );
}

/** IAM action iam:DeleteAccessKey. */
export async function deleteAccessKey(caller: AccessKeyCaller, accessKeyId: string): Promise<void> {
  const command = new DeleteAccessKeyCommand({ AccessKeyId: accessKeyId });
  await callAws(caller.aws, callOf(caller, 'DeleteAccessKey'), (options) =>
    clientOf(caller).send(command, options),
  );
}

const clientOf = ({ aws, region, keys }: AccessKeyCaller): IAMClient =>
  new IAMClient(aws.clientConfig('iam', region, keys));

const callOf = ({ region, userArn }: AccessKeyCaller, operation: string): AwsCall => ({
  service: 'iam',
  operation,
  region,
  action: `iam:${operation}`,
  resource: userArn,
  deniedHint: 'The user itself may, with MFA: its policy needs the four iam:*AccessKey actions on itself.',
});
