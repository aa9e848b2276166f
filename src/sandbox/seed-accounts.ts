import { derivedHex } from './issued-keys.ts';
import type { Account } from './organisation.ts';

export const region = 'us-east-1';
export const identityStoreId = 'd-9067f7c0de';

/** Identity Center's delegated administrator: groups, requests and records are its, and nothing that serves customers. */
export const accessAccount = '999999999999';

export const accounts: readonly Account[] = [
  account('111111111111', 'dev', false),
  account('222222222222', 'qa', false),
  account('333333333333', 'prod-wealth', true),
  account('444444444444', 'prod-cash', true),
  account('555555555555', 'prod-9squid', true),
  account(accessAccount, 'access', true),
];

/** The accounts that customers' data is in: what break-glass opens. */
export const productionAccounts: readonly Account[] = accounts.filter(
  ({ id, production }) => production && id !== accessAccount,
);

function account(id: string, name: string, production: boolean): Account {
  return { id, name, email: `aws-${name}@tapp.example`, production };
}

/** The form that identity store ids have in us-east-1, of users, groups and memberships alike: `<store>-<uuid>`. */
export function storeId(name: string): string {
  const hex = derivedHex(name, 32);
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return `${identityStoreId.slice(2)}-${uuid.join('-')}`;
}
