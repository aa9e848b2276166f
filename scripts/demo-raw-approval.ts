import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateGroupMembershipCommand,
  GetGroupIdCommand,
  GetUserIdCommand,
  IdentitystoreClient,
} from '@aws-sdk/client-identitystore';
import { GetRoleCredentialsCommand, SSOClient } from '@aws-sdk/client-sso';

const accessAccount = '999999999999';
const IdentityStoreId = 'd-9067f7c0de';
const region = 'us-east-1';

/**
 * What somebody tries who leaves forge aside: the one call that gives access, for oneself, with AWS's SDK and one's own sign-in.
 * Answers AWS's refusal; throws when there is none.
 */
export async function approveOneself(
  env: NodeJS.ProcessEnv,
  userName: string,
  group: string,
): Promise<string> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const endpoint = env.AWS_ENDPOINT_URL ?? '';
  const sso = new SSOClient({ endpoint, region });
  const { roleCredentials } = await sso.send(
    new GetRoleCredentialsCommand({
      accessToken: accessToken(env),
      accountId: accessAccount,
      roleName: 'Forge-BreakGlass-Request',
    }),
  );
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '' } = roleCredentials ?? {};
  const store = new IdentitystoreClient({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  });
  const named = (AttributePath: string, AttributeValue: string) => ({
    IdentityStoreId,
    AlternateIdentifier: { UniqueAttribute: { AttributePath, AttributeValue } },
  });
  const { UserId = '' } = await store.send(new GetUserIdCommand(named('userName', userName)));
  const { GroupId } = await store.send(new GetGroupIdCommand(named('displayName', group)));
  try {
    await store.send(new CreateGroupMembershipCommand({ IdentityStoreId, GroupId, MemberId: { UserId } }));
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  throw new Error('AWS let somebody approve what they asked for.');
}

/** As every AWS tool finds it. */
function accessToken({ HOME = '' }: NodeJS.ProcessEnv): string {
  const folder = join(HOME, '.aws', 'sso', 'cache');
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const { accessToken: token } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    if (typeof token === 'string') return token;
  }
  throw new Error('Nobody is signed in.');
}
