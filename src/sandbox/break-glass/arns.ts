import { accessAccount, identityStoreId, region } from '../seed-accounts.ts';
import { jitGroups } from './jit-groups.ts';

/** What the policies of break-glass name. */
export const intakeBucket = `forge-breakglass-intake-${accessAccount}`;
export const archiveBucket = `forge-breakglass-archive-${accessAccount}`;
export const configurationBucket = `forge-breakglass-configuration-${accessAccount}`;
export const intake = `arn:aws:s3:::${intakeBucket}`;
export const archive = `arn:aws:s3:::${archiveBucket}`;
export const configuration = `arn:aws:s3:::${configurationBucket}`;

export const identityStoreArn = `arn:aws:identitystore::${accessAccount}:identitystore/${identityStoreId}`;
export const anyUser = 'arn:aws:identitystore:::user/*';
export const anyGroup = 'arn:aws:identitystore:::group/*';
export const anyMembership = 'arn:aws:identitystore:::membership/*';
/** The caller itself: a policy variable, resolved in each request. */
export const ownUser = `arn:aws:identitystore:::user/\${identitystore:UserId}`;
export const ownId = `\${identitystore:UserId}`;

/** Of one tier, or of all. */
export const jitGroupArns = (tier?: string): readonly string[] =>
  jitGroups
    .filter((entry) => tier === undefined || entry.tier === tier)
    .map(({ group }) => `arn:aws:identitystore:::group/${group.id}`);

/** The boundary on every role that break-glass leads to in a production account. */
export const revocationsArn = (account: string): string =>
  `arn:aws:iam::${account}:policy/forge/ForgeBreakGlassRevocations`;

export const handlerRoleArn = (handler: 'recorder' | 'revoker' | 'sweeper' | 'exporter'): string =>
  `arn:aws:iam::${accessAccount}:role/forge-breakglass-${handler}`;

export const stateMachineName = 'forge-breakglass-session';
export const stateMachineArn = `arn:aws:states:${region}:${accessAccount}:stateMachine:${stateMachineName}`;
