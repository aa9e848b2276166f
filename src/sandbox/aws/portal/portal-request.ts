import type { AccessToken } from '../../oidc/portal-session.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';

/** A call to the portal by somebody whose access token is good. */
export interface PortalRequest {
  readonly world: World;
  readonly token: AccessToken;
  readonly query: ReadonlyMap<string, string>;
  readonly userAgent: string | undefined;
}

export function accountIn(query: ReadonlyMap<string, string>): string {
  const account = query.get('account_id');
  if (account === undefined || !/^\d{12}$/.test(account)) {
    throw new AwsFailure('InvalidRequestException', 400, 'account_id must be a 12 digit account number');
  }
  return account;
}
