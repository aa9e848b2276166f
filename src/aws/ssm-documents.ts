import { DescribeDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { SigningKeys } from '../lib/sigv4.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, callAws } from './clients.ts';

/** What Systems Manager says of a document, but not what is in it. */
export interface DescribedDocument {
  /** `Session`, `Command`, … */
  readonly type: string;
  /** `Active`, `Creating`, `Updating`, `Deleting`, `Failed`. */
  readonly status: string;
}

/**
 * A document of the account and region; undefined: there is none. IAM action ssm:DescribeDocument.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeDocument.html
 */
export async function describeDocument(
  aws: Aws,
  region: string,
  keys: SigningKeys,
  name: string,
): Promise<DescribedDocument | undefined> {
  const client = new SSMClient(aws.clientConfig('ssm', region, keys));
  const call = {
    service: 'ssm',
    operation: 'DescribeDocument',
    region,
    action: 'ssm:DescribeDocument',
    resource: `document ${name} in ${region}`,
  } as const;
  const command = new DescribeDocumentCommand({ Name: name });
  try {
    const { Document: found } = await callAws(aws, call, (options) => client.send(command, options));
    return { type: found?.DocumentType ?? '', status: found?.Status ?? '' };
  } catch (error) {
    if (awsErrorName(error) === 'InvalidDocument') return undefined;
    throw error;
  }
}
