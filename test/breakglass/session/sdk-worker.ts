import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

/** Who the SDK is by its own chain of credential sources. */
const client = new STSClient({ endpoint: process.argv[2] ?? '', maxAttempts: 1 });
const { Arn } = await client.send(new GetCallerIdentityCommand({}));
const { expiration } = await client.config.credentials();
process.stdout.write(JSON.stringify({ Arn, expiration }));
