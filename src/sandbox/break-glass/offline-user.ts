import { randomBytes } from 'node:crypto';
import offline from '../../../infra/modules/access-account/policies/offline.json' with { type: 'json' };
import { fillPolicy } from '../../iam/fill-policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { IamUser } from '../organisation.ts';
import { accessAccount } from '../seed-accounts.ts';
import { base32 } from '../totp.ts';
import { offlineUserName } from './arns.ts';
import { accessNames } from './policy-names.ts';

/**
 * It can become the role, and with MFA change its own keys: nothing else, and nobody else can. So whoever has the key alone, or
 * the device alone, can neither get in nor make a key that stays.
 */
export function offlineUser(): IamUser {
  return {
    account: accessAccount,
    path: '/forge/',
    name: offlineUserName,
    id: derivedId('AIDA', offlineUserName),
    tags: {},
    mfa: {
      serialNumber: `arn:aws:iam::${accessAccount}:mfa/${offlineUserName}-sven`,
      secret: base32(randomBytes(40)),
    },
    policies: [fillPolicy('identity', [offline], accessNames)],
  };
}
