import type { IdentityStoreCaller } from '../aws/identitystore.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from '../identity/caller-arn.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { heldPermissionSetCredentials } from '../identity/permission-set-credentials.ts';
import { type RoleCredentials, signingKeys } from '../identity/role-credentials.ts';
import type { BreakGlassPlace } from './break-glass-place.ts';

/** Somebody with keys in the access account. */
export interface AccessCaller extends IdentityStoreCaller {
  /** The intake. */
  readonly bucket: string;
  /** As Identity Center has it, e.g. `dana@tapp.example`. */
  readonly userName: string;
  readonly permissionSet: string;
}

/** Asked before each step: waiting for people outlasts keys. */
export type AccessAccount = () => Promise<AccessCaller>;

const renewBeforeMs = 5 * 60_000;

/** What all of `permissionSets` may do, with the first of them that the person holds. Never kept on disk. */
export function accessAccount(
  parts: IdentityParts,
  place: BreakGlassPlace,
  permissionSets: readonly [string, ...string[]],
  deniedHint?: string,
): AccessAccount {
  let held: RoleCredentials | undefined;
  // Which of several sets is held is not news to whoever approves every week.
  const output = { ...parts.output, note: (text: string) => parts.output.debug(text) };
  const { signIn, account, region } = place;
  return async () => {
    const aws = await parts.aws();
    if (held === undefined || (held.expiration ?? 0) - aws.now() < renewBeforeMs) {
      const request = { signIn, account, region, permissionSets, deniedHint };
      held = await heldPermissionSetCredentials({ ...parts, output }, request, undefined);
    }
    const caller = parseCallerArn(held.callerArn ?? '');
    const { sessionName: userName, permissionSet } = caller ?? {};
    if (userName === undefined || permissionSet === undefined) {
      throw new ForgeError('failed', `AWS does not say whose the keys are: ${held.callerArn}`, {
        code: 'UNREADABLE_CALLER',
        hint: 'forge whoami',
      });
    }
    return {
      aws,
      region,
      keys: signingKeys(held),
      identityStoreId: place.identityStoreId,
      bucket: place.intakeBucket,
      userName,
      permissionSet,
    };
  };
}

/** For asking, looking and ending: whoever approves may look too. */
export function requesterAccount(parts: IdentityParts, place: BreakGlassPlace): AccessAccount {
  const approvers = [...place.breakGlass.approvers.values()].flatMap(
    ({ permissionSet }) => permissionSet ?? [],
  );
  return accessAccount(parts, place, [place.requestPermissionSet, ...approvers], requesterHint(place));
}

function requesterHint({ requestPermissionSet, account, breakGlass }: BreakGlassPlace): string {
  const asking = `Asking for access comes with ${requestPermissionSet} in ${account}. What you hold: forge whoami --all`;
  if (breakGlass.auditPermissionSet === undefined) return asking;
  return `${asking}\nAuditors look into the archive: forge breakglass history, forge audit show --archive <id>`;
}
