import revocations from '../../../infra/modules/production-account/policies/revocations.json' with {
  type: 'json',
};
import { fillPolicy } from '../../iam/fill-policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { CustomerPolicy } from '../organisation.ts';
import { productionAccounts } from '../seed-accounts.ts';
import { revocationsArn } from './arns.ts';

const createdAt = Date.UTC(2026, 8, 14, 8, 20);

/**
 * The boundary of each production account before anybody was revoked: a boundary can only take away, so a revoker that
 * may write new versions of it can give nobody anything.
 */
const nobodyRevoked = fillPolicy('identity', [revocations], {});

export function revocationPolicies(): [arn: string, policy: CustomerPolicy][] {
  return productionAccounts.map(({ id }) => {
    const arn = revocationsArn(id);
    const first = { number: 1, text: JSON.stringify(nobodyRevoked), document: nobodyRevoked, createdAt };
    return [
      arn,
      {
        arn,
        id: derivedId('ANPA', arn),
        createdAt,
        updatedAt: createdAt,
        versions: [first],
        defaultVersion: 1,
        nextVersion: 2,
      },
    ];
  });
}
