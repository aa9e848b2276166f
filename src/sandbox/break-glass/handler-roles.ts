import handlers from '../../../infra/modules/access-account/handlers.json' with { type: 'json' };
import own from '../../../infra/modules/access-account/policies/function.json' with { type: 'json' };
import trust from '../../../infra/modules/access-account/policies/function-trust.json' with { type: 'json' };
import readRecords from '../../../infra/modules/access-account/policies/read-records.json' with {
  type: 'json',
};
import readTrail from '../../../infra/modules/access-account/policies/read-trail.json' with { type: 'json' };
import recorder from '../../../infra/modules/access-account/policies/recorder.json' with { type: 'json' };
import startAndTell from '../../../infra/modules/access-account/policies/start-and-tell.json' with {
  type: 'json',
};
import takeAway from '../../../infra/modules/access-account/policies/take-away.json' with { type: 'json' };
import { fillPolicy } from '../../iam/fill-policy.ts';
import { derivedId } from '../issued-keys.ts';
import type { Role } from '../organisation.ts';
import { accessAccount } from '../seed-accounts.ts';
import { accessNames } from './policy-names.ts';

/** By the names of their files. */
const templates: Readonly<Record<string, object>> = {
  function: own,
  recorder,
  'read-records': readRecords,
  'start-and-tell': startAndTell,
  'take-away': takeAway,
  'read-trail': readTrail,
};

/** The handlers' roles. None can give anybody anything: what removes says so itself, in a Deny. */
export function handlerRoles(): readonly Role[] {
  return Object.entries(handlers).map(([handler, { policies }]) => {
    const name = `forge-breakglass-${handler}`;
    const names = { ...accessNames, function: name };
    const files = policies.map((file) => templates[file]);
    return {
      account: accessAccount,
      name,
      path: '/',
      id: derivedId('AROA', `arn:aws:iam::${accessAccount}:role/${name}`),
      maxSessionSeconds: 3600,
      tags: {},
      policies: [fillPolicy('identity', files, names)],
      trust: fillPolicy('trust', [trust], names),
    };
  });
}
