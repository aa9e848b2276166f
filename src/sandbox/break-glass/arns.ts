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

/** Of one tier, or of all. */
export const jitGroupArns = (tier?: string): readonly string[] =>
  jitGroups
    .filter((entry) => tier === undefined || entry.tier === tier)
    .map(({ group }) => `arn:aws:identitystore:::group/${group.id}`);

/** What alone may change the rules. */
export const pipelineRole = `arn:aws:iam::${accessAccount}:role/forge-terraform`;

/** Tier 3: an IAM user whose key one person holds and whose MFA device another, for when Identity Center is down. */
export const offlineUserName = 'forge-emergency-a';
export const offlineUserArn = `arn:aws:iam::${accessAccount}:user/forge/${offlineUserName}`;
export const offlineRoleName = 'Forge-BreakGlass-Offline';

/** Roles of the databases: bounded as the emergency's own, and in the name that it carries. */
export const databaseRoleNames = ['readonly-rds-access', 'write-rds-access'] as const;

/** The boundary on every role that break-glass leads to in a production account. */
export const revocationsArn = (account: string): string =>
  `arn:aws:iam::${account}:policy/forge/ForgeBreakGlassRevocations`;

export const handlerRoleArn = (handler: 'recorder' | 'revoker' | 'sweeper' | 'exporter'): string =>
  `arn:aws:iam::${accessAccount}:role/forge-breakglass-${handler}`;

export const stateMachineName = 'forge-breakglass-session';
export const stateMachineArn = `arn:aws:states:${region}:${accessAccount}:stateMachine:${stateMachineName}`;
