import type { TemplateNames } from '../../lib/fill-template.ts';
import type { Account } from '../organisation.ts';
import { accessAccount, productionAccounts, region } from '../seed-accounts.ts';
import { accessTag } from '../seed-databases.ts';
import { instanceDocumentNames, tunnelDocumentName } from '../ssm/own-documents.ts';
import {
  archive,
  configuration,
  databaseRoleNames,
  handlerRoleArn,
  identityStoreArn,
  intake,
  jitGroupArns,
  offlineUserArn,
  offlineUserName,
  pipelineRole,
  revocationsArn,
  stateMachineArn,
  stateMachineName,
} from './arns.ts';

/** What this organisation puts into the templates of infra/modules, as its Terraform would. */
const common: TemplateNames = {
  region,
  access_account: accessAccount,
  archive,
  recorder_role: handlerRoleArn('recorder'),
  revoker_role: handlerRoleArn('revoker'),
  sweeper_role: handlerRoleArn('sweeper'),
  exporter_role: handlerRoleArn('exporter'),
  offline_user: offlineUserArn,
};

const inAnyAccount = (role: string) => `arn:aws:iam::*:role/${role}`;

const tunnelDocumentArn = (account: string) => `arn:aws:ssm:*:${account}:document/${tunnelDocumentName}`;

export const accessNames: TemplateNames = {
  ...common,
  identity_store: identityStoreArn,
  offline_user_name: offlineUserName,
  intake,
  configuration,
  jit_groups: jitGroupArns(),
  emergency_roles: [inAnyAccount('forge/Forge-Prod-Emergency')],
  offline_role: inAnyAccount('forge/Forge-BreakGlass-Offline'),
  reader_roles: [inAnyAccount('readonly-rds-access')],
  writer_roles: [inAnyAccount('write-rds-access')],
  instance_tag_key: 'forge-access',
  instance_tag_value: accessTag['forge-access'],
  session_documents: productionAccounts
    .flatMap(({ id }) =>
      Object.values(instanceDocumentNames).map((name) => `arn:aws:ssm:*:${id}:document/${name}`),
    )
    .toSorted(),
  tunnel_documents: productionAccounts.map(({ id }) => tunnelDocumentArn(id)).toSorted(),
  data_buckets: ['arn:aws:s3:::tapp-data-*'],
  pipeline_role: pipelineRole,
  state_machine: stateMachineArn,
  state_machine_name: stateMachineName,
  dead_letters: `arn:aws:sqs:${region}:${accessAccount}:forge-breakglass-dead-letters`,
  workflow_functions: (['recorder', 'revoker', 'exporter'] as const).map(functionArn),
  sweeper_function: functionArn('sweeper'),
  alerts: `arn:aws:sns:${region}:${accessAccount}:forge-breakglass-alerts`,
  event_bus: `arn:aws:events:${region}:${accessAccount}:event-bus/forge-breakglass`,
  forwarding_accounts: productionAccounts.map(({ id }) => `arn:aws:iam::${id}:root`),
};

/** An approver's, who grants the groups of one tier. */
export const tierNames = (tier: number): TemplateNames => ({
  ...accessNames,
  tier: String(tier),
  tier_groups: jitGroupArns(String(tier)),
});

export const productionNames = ({ id }: Pick<Account, 'id'>): TemplateNames => ({
  ...common,
  account: id,
  revocations: revocationsArn(id),
  on_call_roles: ssoRoles(id, ['Forge-SRE-OnCall']),
  // The gateway's addresses; the sandbox is behind no other.
  vpn_addresses: ['127.0.0.0/8'],
  tunnel_documents: tunnelDocumentArn(id),
  database_roles: databaseRoleNames.map((name) => `arn:aws:iam::${id}:role/${name}`),
});

/**
 * Of permission sets, whatever Identity Center puts at a name's end, and where it is: its region is in the path, unless that is
 * us-east-1.
 */
export const ssoRoles = (account: string, permissionSets: readonly string[]): readonly string[] =>
  ['', '*/'].flatMap((path) =>
    permissionSets.map(
      (set) => `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/${path}AWSReservedSSO_${set}_*`,
    ),
  );

function functionArn(handler: string): string {
  return `arn:aws:lambda:${region}:${accessAccount}:function:forge-breakglass-${handler}`;
}
