import { AwsFailure } from '../aws-failure.ts';
import { ConstraintCheck } from '../constraints.ts';
import type { QueryOperation } from '../query-service.ts';
import { credentialsXml } from './credentials-xml.ts';
import { checkMfaParameters, verifyMfa } from './mfa.ts';

/** Source: STS API Reference, GetSessionToken. Only for an IAM user's own keys; needs no permission. */
export const getSessionToken: QueryOperation = ({ world, parameters, caller, note }) => {
  const serialNumber = parameters.get('SerialNumber');
  const tokenCode = parameters.get('TokenCode');
  const check = new ConstraintCheck();
  const durationSeconds = check.integer('durationSeconds', parameters.get('DurationSeconds'), {
    min: 900,
    max: 129_600,
    default: 43_200,
  });
  checkMfaParameters(check, serialNumber, tokenCode);
  note({ durationSeconds, serialNumber });
  check.done();
  const { principal, sessionToken } = caller;
  if (principal.kind !== 'user' || sessionToken !== undefined) {
    throw new AwsFailure('AccessDenied', 403, 'Cannot call GetSessionToken with session credentials');
  }
  const mfaAt = verifyMfa(world, principal, serialNumber, tokenCode);
  const keys = world.keys.issueTemporary({ ...principal, mfaAt }, durationSeconds);
  return { result: { Credentials: credentialsXml(keys) } };
};
