import type { Access } from '../access/with-access.ts';
import type { SessionDocuments } from '../config/break-glass.ts';
import type { Config, Environment } from '../config/config.ts';
import { plannedGrantFor } from '../config/planned-grant-for.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from '../identity/caller-arn.ts';

/**
 * Documents that the keys of an access may start sessions with, when they are those of a break-glass scenario that names its
 * own; undefined: nothing is said, and AWS decides. AWS said whose keys they are, so a grant by --grant, one of a shell and
 * one that was just made are all the same here.
 */
export function documentsOf(
  { breakGlass }: Pick<Config, 'breakGlass'>,
  access: Pick<Access, 'credentials'>,
): SessionDocuments | undefined {
  const set = permissionSetOf(access);
  if (set === undefined || breakGlass === undefined) return undefined;
  const scenarios = [...breakGlass.scenarios.values()];
  return scenarios.find(({ permissionSet, sessionDocuments }) => permissionSet === set && sessionDocuments)
    ?.sessionDocuments;
}

/** What a plan shows: whose keys a grant has is not known before AWS is asked, but only one scenario opens instances. */
export function plannedDocuments(
  config: Pick<Config, 'breakGlass' | 'plannedGrant'>,
  environment: Environment | undefined,
): SessionDocuments | undefined {
  if (plannedGrantFor(config, environment) === undefined) return undefined;
  const [only, ...others] = [...(config.breakGlass?.scenarios.values() ?? [])].flatMap(
    ({ sessionDocuments }) => (sessionDocuments === undefined ? [] : [sessionDocuments]),
  );
  return others.length === 0 ? only : undefined;
}

/** AWS would refuse it, and say only which action. Throws denied NO_TRANSCRIPT. */
export function refuseUnlogged(config: Pick<Config, 'breakGlass'>, access: Access, what: string): void {
  const { name } = access.target;
  refuseWithoutTranscript(config, access, what, [
    `A shell: forge ssm ${name}`,
    `One command: forge ssm run ${name} -- <command>`,
    `Files: forge ssm cp ${name}:<path> .`,
  ]);
}

/** Several instances at once are no sessions. Throws denied NO_TRANSCRIPT. */
export function refuseRunCommand(config: Pick<Config, 'breakGlass'>, access: Access): void {
  refuseWithoutTranscript(config, access, 'Run Command, on several instances at once,', [
    'One after the other: forge ssm run <instance> -- <command>',
  ]);
}

function refuseWithoutTranscript(
  config: Pick<Config, 'breakGlass'>,
  access: Access,
  what: string,
  hint: readonly string[],
): void {
  if (documentsOf(config, access) === undefined) return;
  throw new ForgeError(
    'denied',
    `${what} leaves no transcript, and break-glass with ${permissionSetOf(access)} is for sessions that leave one.`,
    { code: 'NO_TRANSCRIPT', hint: hint.join('\n') },
  );
}

/** Why AWS refuses to start a session with these keys, as far as anybody here knows; undefined: nobody does. */
export function deniedHint(
  config: Pick<Config, 'breakGlass'>,
  access: Pick<Access, 'credentials' | 'breakglass'>,
): string | undefined {
  if (documentsOf(config, access) === undefined) {
    if (access.breakglass === undefined) return undefined;
    return 'For a shell of break-glass forge.yaml must name its session_documents: forge config import-terraform\nWhat you hold: forge whoami --all';
  }
  return [
    `${permissionSetOf(access)} opens instances that carry Terraform's access_tag (forge-access = break-glass, unless it says otherwise),`,
    'with the session documents that forge.yaml has for the scenario: leave --document out.',
  ].join('\n');
}

function permissionSetOf({ credentials }: Pick<Access, 'credentials'>): string | undefined {
  return parseCallerArn(credentials.callerArn ?? '')?.permissionSet;
}
