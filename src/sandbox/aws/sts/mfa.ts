import type { Principal } from '../../principal.ts';
import { matchingTotpStep } from '../../totp.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import type { ConstraintCheck } from '../constraints.ts';

export function checkMfaParameters(
  check: ConstraintCheck,
  serialNumber: string | undefined,
  tokenCode: string | undefined,
): void {
  check.text('serialNumber', serialNumber, { min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' });
  check.text('tokenCode', tokenCode, { min: 6, max: 6, pattern: '[\\d]*' });
}

/** When MFA was given (now), or undefined where none was. Throws AccessDenied for a wrong, late or used code. */
export function verifyMfa(
  world: World,
  principal: Principal,
  serialNumber: string | undefined,
  tokenCode: string | undefined,
): number | undefined {
  if (serialNumber === undefined && tokenCode === undefined) return undefined;
  const device = principal.kind === 'user' ? principal.user.mfa : undefined;
  if (!device || device.serialNumber !== serialNumber) {
    throw denied(
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    );
  }
  if (tokenCode === undefined)
    throw denied(
      'MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.',
    );
  const step = matchingTotpStep(device.secret, tokenCode, world.now());
  if (step === undefined || step <= (world.usedMfaSteps.get(device.serialNumber) ?? -1)) {
    throw denied('MultiFactorAuthentication failed with invalid MFA one time pass code. ');
  }
  world.usedMfaSteps.set(device.serialNumber, step);
  return world.now();
}

function denied(message: string): AwsFailure {
  return new AwsFailure('AccessDenied', 403, message);
}
