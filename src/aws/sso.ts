import {
  GetRoleCredentialsCommand,
  ListAccountRolesCommand,
  ListAccountsCommand,
  LogoutCommand,
  SSOClient,
} from '@aws-sdk/client-sso';
import type { Secret } from '../lib/secret.ts';
import { awsErrorName } from './aws-error.ts';
import { type Aws, callAws } from './clients.ts';
import { incompleteReply } from './incomplete-reply.ts';
import { type IssuedCredentials, parseIssuedCredentials } from './issued-credentials.ts';

/** The access portal of IAM Identity Center. `region` is Identity Center's; calls are authorised by the access token alone. */

export interface PortalAccount {
  /** 12 digits. */
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

export interface ListOptions {
  /** Awaited before each request, so that a caller can pace thousands of them. */
  readonly pace?: (() => Promise<void>) | undefined;
}

/** The accounts that the person has any permission set in. */
export async function listAccounts(
  aws: Aws,
  region: string,
  token: Secret,
  options: ListOptions = {},
): Promise<readonly PortalAccount[]> {
  const client = new SSOClient(aws.clientConfig('sso', region, undefined));
  const accounts: PortalAccount[] = [];
  let nextToken: string | undefined;
  do {
    await options.pace?.();
    const command = new ListAccountsCommand({ accessToken: token.reveal(), maxResults: 100, nextToken });
    const call = { service: 'sso', operation: 'ListAccounts', region } as const;
    const page = await callAws(aws, call, (sending) => client.send(command, sending));
    for (const account of page.accountList ?? []) {
      accounts.push({
        id: account.accountId ?? '',
        name: account.accountName ?? '',
        email: account.emailAddress ?? '',
      });
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return accounts;
}

/** Names of the permission sets that the person has in one account. */
export async function listAccountRoles(
  aws: Aws,
  region: string,
  token: Secret,
  account: string,
  options: ListOptions = {},
): Promise<readonly string[]> {
  const client = new SSOClient(aws.clientConfig('sso', region, undefined));
  const names: string[] = [];
  let nextToken: string | undefined;
  do {
    await options.pace?.();
    const command = new ListAccountRolesCommand({
      accessToken: token.reveal(),
      accountId: account,
      maxResults: 100,
      nextToken,
    });
    const call = {
      service: 'sso',
      operation: 'ListAccountRoles',
      region,
      resource: `account ${account}`,
    } as const;
    const page = await callAws(aws, call, (sending) => client.send(command, sending));
    for (const role of page.roleList ?? []) if (role.roleName) names.push(role.roleName);
    nextToken = page.nextToken;
  } while (nextToken);
  return names;
}

/** Whether the portal still takes the token: asked with the smallest call there is. */
export async function isAccessTokenAccepted(aws: Aws, region: string, token: Secret): Promise<boolean> {
  const client = new SSOClient(aws.clientConfig('sso', region, undefined));
  const command = new ListAccountsCommand({ accessToken: token.reveal(), maxResults: 1 });
  const call = { service: 'sso', operation: 'ListAccounts', region } as const;
  try {
    await callAws(aws, call, (sending) => client.send(command, sending));
    return true;
  } catch (error) {
    if (awsErrorName(error) === 'UnauthorizedException') return false;
    throw error;
  }
}

export interface RoleCredentialsRequest {
  readonly account: string;
  readonly permissionSet: string;
  /** What to do when it is not assigned: who can grant it. */
  readonly deniedHint?: string | undefined;
}

/**
 * How long they live is decided by the permission set. Throws kind `denied` when the permission set is not
 * assigned or does not exist (AWS does not tell the two apart), `signed-out` when the access token has ended.
 */
export async function getRoleCredentials(
  aws: Aws,
  region: string,
  token: Secret,
  request: RoleCredentialsRequest,
): Promise<IssuedCredentials> {
  const client = new SSOClient(aws.clientConfig('sso', region, undefined));
  const command = new GetRoleCredentialsCommand({
    accessToken: token.reveal(),
    accountId: request.account,
    roleName: request.permissionSet,
  });
  const call = {
    service: 'sso',
    operation: 'GetRoleCredentials',
    region,
    deniedMessage: `You don't hold permission set ${request.permissionSet} in account ${request.account}.`,
    deniedHint: request.deniedHint,
  } as const;
  const { roleCredentials } = await callAws(aws, call, (sending) => client.send(command, sending));
  const issued = parseIssuedCredentials(
    roleCredentials?.accessKeyId,
    roleCredentials?.secretAccessKey,
    roleCredentials?.sessionToken,
    roleCredentials?.expiration,
  );
  if (issued === undefined) throw incompleteReply('sso GetRoleCredentials', 'credentials');
  return issued;
}

/** Ends the person's sign-in at the portal: the browser must authenticate anew, refresh tokens are void. */
export async function logoutPortal(aws: Aws, region: string, token: Secret): Promise<void> {
  const client = new SSOClient(aws.clientConfig('sso', region, undefined));
  const call = { service: 'sso', operation: 'Logout', region } as const;
  await callAws(aws, call, (sending) =>
    client.send(new LogoutCommand({ accessToken: token.reveal() }), sending),
  );
}
