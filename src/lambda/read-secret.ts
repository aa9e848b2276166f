import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { parseJsonObject } from '../lib/json-object.ts';

/**
 * A secret's text by the AWS Parameters and Secrets Lambda extension, a layer of the function that listens on its loopback:
 * no SDK client for one string, and it keeps what it read for five minutes.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
 */
export async function readSecret(env: Environment, name: string): Promise<string> {
  const port = env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT || '2773';
  const response = await fetch(
    `http://localhost:${port}/secretsmanager/get?secretId=${encodeURIComponent(name)}`,
    {
      headers: { 'x-aws-parameters-secrets-token': env.AWS_SESSION_TOKEN ?? '' },
      signal: AbortSignal.timeout(3_000),
    },
  );
  const text = await response.text();
  const secret = response.ok ? parseJsonObject(text)?.SecretString : undefined;
  if (typeof secret === 'string') return secret;
  throw new ForgeError('unreachable', `The secret ${name} can't be read (status ${response.status}).`, {
    code: 'SECRET_UNREADABLE',
  });
}
