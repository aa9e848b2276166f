import auditRead from '../../../infra/modules/production-account/policies/audit-read.json' with {
  type: 'json',
};
import auditReadTrust from '../../../infra/modules/production-account/policies/audit-read-trust.json' with {
  type: 'json',
};
import cutTail from '../../../infra/modules/production-account/policies/cut-tail.json' with { type: 'json' };
import cutTailTrust from '../../../infra/modules/production-account/policies/cut-tail-trust.json' with {
  type: 'json',
};
import { fillPolicy } from '../../iam/fill-policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { Account, Role } from '../organisation.ts';
import { productionNames } from './policy-names.ts';

/** What the handlers become in a production account: one to cut what was given, one to read what was done. */
export const auditRoles = (account: Account): readonly Role[] => [
  auditRole(account, 'ForgeAuditCutTail', cutTail, cutTailTrust),
  auditReadRole(account),
];

/** In the access account, too: what became of the keys of its IAM users is told there. */
export const auditReadRole = (account: Account): Role =>
  auditRole(account, 'ForgeAuditRead', auditRead, auditReadTrust);

function auditRole(account: Account, name: string, policy: object, trust: object): Role {
  const names = productionNames(account);
  return {
    account: account.id,
    name,
    path: '/forge/',
    id: derivedId('AROA', `${account.id}:${name}`),
    maxSessionSeconds: 3600,
    tags: {},
    policies: [fillPolicy('identity', [policy], names)],
    trust: fillPolicy('trust', [trust], names),
  };
}
