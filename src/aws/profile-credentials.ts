import {
  fromHttp,
  fromInstanceMetadata,
  fromLoginCredentials,
  fromProcess,
  fromTokenFile,
} from '@aws-sdk/credential-providers';
import { ForgeError } from '../errors.ts';
import type { Environment } from '../host.ts';
import { Secret } from '../lib/secret.ts';
import { toForgeError } from './aws-error.ts';
import type { Aws } from './clients.ts';

/** Ways to get keys that the SDK knows and forge has no reason to know better. */
export type SdkProvider =
  | { readonly kind: 'process'; readonly profile: string }
  | { readonly kind: 'login'; readonly profile: string }
  | {
      readonly kind: 'web-identity';
      readonly tokenFile: string;
      readonly roleArn: string;
      readonly sessionName: string;
    }
  | { readonly kind: 'container' }
  | { readonly kind: 'instance' };

export interface ProvidedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret | undefined;
  /** Epoch milliseconds. */
  readonly expiration: number | undefined;
  readonly account: string | undefined;
}

export interface ProviderFiles {
  readonly config: string;
  readonly credentials: string;
}

/** Instance metadata is asked only for `instance`, which a profile has to name (credential_source). */
export async function provideCredentials(
  aws: Aws,
  region: string,
  provider: SdkProvider,
  files: ProviderFiles,
): Promise<ProvidedCredentials> {
  try {
    const found = await providerFor(aws, region, provider, files)();
    return {
      accessKeyId: found.accessKeyId,
      secretAccessKey: new Secret(found.secretAccessKey),
      sessionToken: found.sessionToken ? new Secret(found.sessionToken) : undefined,
      expiration: found.expiration?.getTime(),
      account: found.accountId,
    };
  } catch (error) {
    if (aws.host.signal.aborted) throw aws.host.signal.reason;
    throw explain(error, provider);
  }
}

function providerFor(aws: Aws, region: string, provider: SdkProvider, files: ProviderFiles) {
  const ini = { filepath: files.credentials, configFilepath: files.config };
  const { env } = aws.host;
  switch (provider.kind) {
    case 'process':
      return fromProcess({ ...ini, profile: provider.profile });
    case 'login':
      return fromLoginCredentials({ ...ini, profile: provider.profile });
    case 'web-identity': {
      const { credentials: _, ...clientConfig } = aws.clientConfig('sts', region, undefined);
      return fromTokenFile({
        webIdentityTokenFile: provider.tokenFile,
        roleArn: provider.roleArn,
        roleSessionName: provider.sessionName,
        clientConfig,
      });
    }
    case 'container':
      return fromHttp(containerOptions(env));
    case 'instance':
      return fromInstanceMetadata({ timeout: 1_000, maxRetries: 1 });
  }
}

function containerOptions(env: Environment) {
  const options: Record<string, string> = {};
  const put = (name: string, value: string | undefined) => {
    if (value) options[name] = value;
  };
  put('awsContainerCredentialsFullUri', env.AWS_CONTAINER_CREDENTIALS_FULL_URI);
  put('awsContainerCredentialsRelativeUri', env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
  put('awsContainerAuthorizationTokenFile', env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
  put('awsContainerAuthorizationToken', env.AWS_CONTAINER_AUTHORIZATION_TOKEN);
  return { ...options, timeout: 2_000, maxRetries: 1 };
}

const sentences: Readonly<Record<SdkProvider['kind'], string>> = {
  process: 'run its credential_process',
  login: 'use its login_session (aws login)',
  'web-identity': 'use the web identity token',
  container: 'get keys from the container',
  instance: 'get keys from the instance metadata',
};

/** Messages of a credential_process's failure can hold its whole output: only the first line is shown. */
function explain(error: unknown, provider: SdkProvider): ForgeError {
  const known = toForgeError(error, { operation: 'credentials' });
  if (known.kind === 'unreachable') return known;
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const whose = 'profile' in provider ? ` of the AWS profile ${provider.profile}` : '';
  return new ForgeError(
    'signed-out',
    `Failed to ${sentences[provider.kind]}${whose}: ${text.slice(0, 300)}`,
    {
      code: 'CREDENTIALS_UNAVAILABLE',
      hint: 'Try the same with the AWS CLI: aws sts get-caller-identity',
      cause: error,
    },
  );
}
