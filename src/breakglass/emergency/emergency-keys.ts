import type { AssumedRole } from '../../aws/sts.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import type { RequestId } from '../protocol/ids.ts';
import { recordStep } from '../record-step.ts';

/** Keys of an emergency's role, recorded before anybody has them: it is how what AWS has seen is found again. */
export async function emergencyKeys(
  parts: Pick<IdentityParts, 'host' | 'output'>,
  id: RequestId,
  issued: AssumedRole,
  { roleArn, environment }: { readonly roleArn: string; readonly environment: { readonly account: string } },
): Promise<RoleCredentials & { readonly expiration: number }> {
  await recordStep(parts, {
    type: 'breakglass.credentials',
    id,
    caller: issued.arn,
    keyId: issued.accessKeyId,
    expiresAt: new Date(issued.expiration).toISOString(),
  });
  return {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: issued.secretAccessKey,
    sessionToken: issued.sessionToken,
    expiration: issued.expiration,
    source: `role ${roleArn}`,
    account: environment.account,
    callerArn: issued.arn,
    checkedAt: parts.host.now(),
  };
}
