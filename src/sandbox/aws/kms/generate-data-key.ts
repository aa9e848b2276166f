import { randomBytes } from 'node:crypto';
import { derivedHex } from '../../issued-keys.ts';
import { integerField, invalid, requiredText, serialization } from '../../ssm/fields.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { JsonFields } from '../json-body.ts';
import type { JsonOperation } from '../json-service.ts';
import { type EncryptionContext, wrapDataKey } from './data-keys.ts';

/** The key that an account has for its sessions. */
export function sessionKeyArn(account: string, region: string): string {
  const hex = derivedHex(`kms:${account}:${region}`, 32);
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `arn:aws:kms:${region}:${account}:key/${id.join('-')}`;
}

/** From: KMS API Reference, GenerateDataKey. */
export const generateDataKey: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  const keyId = requiredText(fields, 'KeyId', 2_048);
  const context = contextField(fields);
  request.note({ keyId, encryptionContext: context });
  const arn = sessionKeyArn(caller.principal.account, region);
  if (fields.KeySpec !== undefined) throw invalid('Please specify either number of bytes or key spec.');
  if (fields.NumberOfBytes === undefined) throw invalid('Please specify either number of bytes or key spec.');
  const bytes = integerField(fields, 'NumberOfBytes', { min: 1, max: 1_024, default: 64 });
  const decision = world.authorize(caller, 'kms:GenerateDataKey', arn, {
    'aws:RequestedRegion': region,
    'kms:EncryptionContextKeys': Object.keys(context),
    ...Object.fromEntries(
      Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
    ),
  });
  if (!decision.allowed) {
    throw new AwsFailure(
      'AccessDeniedException',
      400,
      `User: ${caller.principal.arn} is not authorized to perform: kms:GenerateDataKey on resource: ${arn} ${decision.because}`,
    );
  }
  if (keyId !== arn && keyId !== arn.split('/').at(-1) && keyId !== 'alias/session-manager') {
    throw new AwsFailure('NotFoundException', 400, `Key '${keyId}' does not exist`);
  }
  const plaintext = randomBytes(bytes);
  return {
    CiphertextBlob: wrapDataKey(arn, plaintext, context).toString('base64'),
    Plaintext: plaintext.toString('base64'),
    KeyId: arn,
  };
};

function contextField(fields: JsonFields): EncryptionContext {
  const value = fields.EncryptionContext ?? {};
  if (
    typeof value !== 'object' ||
    value === null ||
    Object.values(value).some((text) => typeof text !== 'string')
  ) {
    throw serialization('EncryptionContext must be a map of strings');
  }
  return value as EncryptionContext;
}
