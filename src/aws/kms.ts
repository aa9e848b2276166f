import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { SigningKeys } from '../lib/sigv4.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';

export interface GenerateDataKeyRequest {
  /** ARN, id or alias. */
  readonly keyId: string;
  readonly numberOfBytes: number;
  readonly encryptionContext: Readonly<Record<string, string>>;
}

export interface GeneratedDataKey {
  /** The key itself: to be wiped after use. */
  readonly plaintext: Uint8Array;
  /** The same, encrypted under the KMS key. */
  readonly ciphertext: Uint8Array;
}

/** IAM action kms:GenerateDataKey. */
export async function generateDataKey(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  request: GenerateDataKeyRequest,
): Promise<GeneratedDataKey> {
  const client = new KMSClient(aws.clientConfig('kms', region, keys));
  const command = new GenerateDataKeyCommand({
    KeyId: request.keyId,
    NumberOfBytes: request.numberOfBytes,
    EncryptionContext: { ...request.encryptionContext },
  });
  const call = {
    service: 'kms',
    operation: 'GenerateDataKey',
    region,
    action: 'kms:GenerateDataKey',
    resource: request.keyId,
  } as const;
  const output = await callAws(aws, call, (options) => client.send(command, options));
  const { Plaintext: plaintext, CiphertextBlob: ciphertext } = output;
  if (plaintext?.length !== request.numberOfBytes || ciphertext === undefined || ciphertext.length === 0) {
    throw incompleteReply('kms GenerateDataKey', 'data key');
  }
  return { plaintext, ciphertext };
}
