import type { JsonFields } from '../aws/json-body.ts';
import { offlineUserName } from '../break-glass/arns.ts';
import { userArn } from '../organisation.ts';
import type { World } from '../world.ts';

/** What two people of the real world keep apart: tier 3's keys that work, the newest last, and its MFA device. */
export const offlineLever: Readonly<Record<string, (world: World, fields: JsonFields) => object>> = {
  'GET /_sandbox/offline'({ organisation, keys, now }) {
    const user = organisation.users.find(({ name }) => name === offlineUserName);
    if (user?.mfa === undefined) throw new Error('the sandbox has no user of tier 3');
    return {
      arn: userArn(user),
      now: now(),
      mfaSerial: user.mfa.serialNumber,
      mfaSecret: user.mfa.secret,
      keys: keys
        .all()
        .filter(
          ({ principal, sessionToken, accessKeyId }) =>
            sessionToken === undefined &&
            principal.kind === 'user' &&
            principal.user.id === user.id &&
            keys.isActive(accessKeyId),
        )
        .map(({ accessKeyId, secretAccessKey }) => ({ accessKeyId, secretAccessKey })),
    };
  },
};
