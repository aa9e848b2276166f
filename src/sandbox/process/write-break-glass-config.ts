import { archiveBucket, intakeBucket, offlineRoleName, offlineUserName } from '../break-glass/arns.ts';
import { jitGroupName } from '../break-glass/jit-groups.ts';
import type { Organisation } from '../organisation.ts';
import { accessAccount } from '../seed-accounts.ts';
import { instanceDocumentNames } from '../ssm/own-documents.ts';

export const onCallPermissionSet = 'Forge-SRE-OnCall';

const scenario = (name: string, maximum: string, description: string) => ({
  description,
  permission_set: `Forge-Prod-${name[0]?.toUpperCase()}${name.slice(1)}`,
  group: jitGroupName('1', name, '{environment}'),
  max_duration: maximum,
});

/** The `break_glass` part of the sandbox's forge.yaml: what samples/forge.yaml says, with the sandbox's own names. */
export function breakGlassConfig({ region, identityStoreId, users }: Organisation): object {
  return {
    account: accessAccount,
    region,
    identity_store: identityStoreId,
    request_permission_set: 'Forge-BreakGlass-Request',
    audit_permission_set: 'Forge-BreakGlass-Audit',
    kill_permission_set: 'Forge-BreakGlass-Kill',
    request_lifetime: '4h',
    channels: { requests: '#platform-support', alerts: '#platform-incidents' },
    approvers: {
      manager: {
        description: 'platform leads, engineering managers',
        groups: ['grp-forge-approvers-managers'],
        permission_set: 'Forge-BreakGlass-Approve-tier1',
        channel: 'requests',
      },
      'senior-engineer': {
        description: 'senior engineers',
        groups: ['grp-forge-approvers-senior'],
        permission_set: 'Forge-BreakGlass-Approve-tier2',
        channel: 'requests',
      },
    },
    tiers: {
      '0': {
        description: 'Emergency',
        when: 'P1, site down',
        permission_set: onCallPermissionSet,
        role: 'forge/Forge-Prod-Emergency',
        approval: 'self-serve',
        requesters: ['grp-forge-sre-oncall'],
        mfa: true,
        max_duration: '1h',
        ticket: { when: 'after', within: '1h' },
        alert: 'alerts',
      },
      '1': {
        description: 'Investigation and repair of one kind',
        when: 'P2/P3 investigation',
        approval: 'approver',
        approvers: 'manager',
        scenarios: ['instance', 'database', 'kubernetes', 'console'],
        min_duration: '2h',
        max_duration: '4h',
        ticket: { when: 'before' },
        alert: 'requests',
      },
      '2': {
        description: 'Investigation only',
        when: 'investigation only',
        permission_set: 'Forge-Prod-ReadOnly',
        group: jitGroupName('2', 'read-only', '{environment}'),
        approval: 'approver',
        approvers: 'senior-engineer',
        max_duration: '4h',
        ticket: { when: 'before' },
        alert: 'requests',
      },
      '3': {
        description: 'IAM user kept in Bitwarden',
        when: 'Identity Center is down',
        role: `forge/${offlineRoleName}`,
        user: `forge/${offlineUserName}`,
        mfa_devices: Object.fromEntries(
          users.flatMap(({ name, mfa }) =>
            name === offlineUserName && mfa !== undefined ? [['sven', mfa.serialNumber]] : [],
          ),
        ),
        vault_item: offlineUserName,
        approval: 'two-people',
        mfa: true,
        max_duration: '4h',
        ticket: { when: 'after' },
        alert: 'alerts',
      },
    },
    scenarios: {
      instance: {
        ...scenario('instance', '2h', 'SSM session: logs, processes, env vars'),
        session_documents: instanceDocumentNames,
      },
      database: scenario('database', '2h', 'IAM-authenticated SQL, or SSM port-forward as the fallback'),
      kubernetes: scenario('kubernetes', '2h', 'kubectl logs / exec / describe'),
      console: scenario('console', '4h', 'read-only CloudWatch, EC2, RDS dashboards'),
    },
    records: { intake_bucket: intakeBucket, archive_bucket: archiveBucket, retention: '2555d' },
  };
}
