import type { RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from './caller-arn.ts';
import { chainedDuration } from './chained-duration.ts';
import type { IdentityParts } from './identity-parts.ts';
import type { MfaCodes } from './mfa-code.ts';
import { personName } from './person.ts';
import { type RoleCredentials, signingKeys } from './role-credentials.ts';
import { verifiedCaller } from './verified-caller.ts';

export interface ChainOptions {
  readonly region: string;
  readonly mfa: MfaCodes;
  /** Production: a role that does not take the person's name as SourceIdentity is not assumed. */
  readonly strict: boolean;
  readonly deniedHint?: string | undefined;
  /** In place of the person's name; only what the person's own AWS profile says. */
  readonly sessionName?: string | undefined;
  /** false: as the AWS CLI assumes the roles of profiles, or the first keys have a SourceIdentity, which nobody can change. */
  readonly nameSource?: boolean;
}

/** Assumes the roles one after the other, each in the name of the person that the first keys belong to. */
export async function assumeChain(
  parts: IdentityParts,
  first: RoleCredentials,
  steps: readonly RoleStep[],
  options: ChainOptions,
): Promise<RoleCredentials> {
  if (steps.length === 0) return first;
  let current: RoleCredentials = await verifiedCaller(parts, first, options.region);
  const person = personName(current.callerArn, parts.host.userName);
  for (const step of steps) current = await assumeStep(parts, current, step, person, options);
  return current;
}

async function assumeStep(
  parts: IdentityParts,
  from: RoleCredentials,
  step: RoleStep,
  person: string,
  options: ChainOptions,
): Promise<RoleCredentials> {
  const durationSeconds = chainedDuration({ chained: from.sessionToken !== undefined }, step);
  if (durationSeconds < step.durationSeconds) {
    parts.output.debug(
      `${step.roleArn}: asked for ${step.durationSeconds} s, gets ${durationSeconds} s (role chaining)`,
    );
  }
  const { assumeRole } = await import('../aws/sts.ts');
  const aws = await parts.aws();
  const request = {
    roleArn: step.roleArn,
    sessionName: options.sessionName ?? person,
    durationSeconds,
    externalId: step.externalId,
    serialNumber: step.mfaSerial,
    tokenCode: step.mfaSerial === undefined ? undefined : await options.mfa(step.mfaSerial),
    who: callerWords(from.callerArn),
    deniedHint: options.deniedHint,
  };
  const assume = (sourceIdentity: string | undefined) =>
    assumeRole(aws, options.region, signingKeys(from), { ...request, sourceIdentity });
  const issued =
    options.nameSource === false
      ? await assume(undefined)
      : await assume(person).catch((error: unknown) => {
          if (!refusesSourceIdentity(error)) throw error;
          if (options.strict) throw sourceIdentityNeeded(step, error);
          parts.output.warn(
            `${step.roleArn} does not take a SourceIdentity: what you do there is recorded under the role session's name only. Its trust policy should allow sts:SetSourceIdentity.`,
          );
          return assume(undefined);
        });
  return {
    accessKeyId: issued.accessKeyId,
    secretAccessKey: issued.secretAccessKey,
    sessionToken: issued.sessionToken,
    expiration: issued.expiration,
    source: `role ${step.roleArn}`,
    account: issued.arn.split(':')[4],
    callerArn: issued.arn,
    checkedAt: parts.host.now(),
  };
}

/** Who was refused, for a sentence: the person and what they came as, which is shorter than the ARN and says as much. */
function callerWords(arn: string | undefined): string | undefined {
  const caller = arn === undefined ? undefined : parseCallerArn(arn);
  if (caller?.sessionName === undefined) return arn;
  return `${caller.sessionName} as ${caller.permissionSet ?? caller.name} in ${caller.account}`;
}

/** IAM names the action that failed in its message: without this permission AssumeRole itself may still be allowed. */
function refusesSourceIdentity(error: unknown): boolean {
  return (
    error instanceof ForgeError && error.kind === 'denied' && error.message.includes('sts:SetSourceIdentity')
  );
}

function sourceIdentityNeeded(step: RoleStep, cause: unknown): ForgeError {
  return new ForgeError('denied', `${step.roleArn} does not take the name of the person who assumes it.`, {
    code: 'SOURCE_IDENTITY_REFUSED',
    hint: "Production roles must record people: its trust policy, and the caller's policy, have to allow sts:SetSourceIdentity.",
    cause,
  });
}
