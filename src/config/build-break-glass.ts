import type { BreakGlass, Tier } from './break-glass.ts';
import type { BreakGlassFile, TierFile } from './break-glass-schema.ts';
import { parseDuration } from './duration.ts';
import { mapValues } from './map-values.ts';

export function buildBreakGlass(file: BreakGlassFile): BreakGlass {
  return {
    account: file.account,
    region: file.region,
    identityStore: file.identity_store,
    requestPermissionSet: file.request_permission_set,
    auditPermissionSet: file.audit_permission_set,
    killPermissionSet: file.kill_permission_set,
    requestLifeSeconds: seconds(file.request_lifetime) ?? 4 * 3_600,
    channels: mapValues(file.channels, (channel) => channel),
    approvers: mapValues(file.approvers, (approvers, name) => ({
      name,
      description: approvers.description,
      groups: approvers.groups ?? [],
      permissionSet: approvers.permission_set,
      channel: approvers.channel,
    })),
    tiers: mapValues(file.tiers, buildTier),
    scenarios: mapValues(file.scenarios, (scenario, name) => ({
      name,
      description: scenario.description,
      permissionSet: scenario.permission_set,
      group: scenario.group,
      maximumSeconds: seconds(scenario.max_duration),
      allows: scenario.allows ?? [],
      sessionDocuments: scenario.session_documents,
    })),
    records: file.records && {
      intakeBucket: file.records.intake_bucket,
      archiveBucket: file.records.archive_bucket,
      configurationBucket: file.records.configuration_bucket,
      retentionSeconds: seconds(file.records.retention),
    },
  };
}

function buildTier(file: TierFile, name: string): Tier {
  return {
    name,
    description: file.description,
    when: file.when,
    permissionSet: file.permission_set,
    role: file.role,
    group: file.group,
    approval: file.approval,
    approvers: file.approvers,
    approvals: file.approvals ?? 1,
    requesters: file.requesters ?? [],
    environments: file.environments ?? [],
    scenarios: file.scenarios ?? [],
    minimumSeconds: seconds(file.min_duration),
    maximumSeconds: seconds(file.max_duration),
    mfa: file.mfa ?? false,
    mfaWithinSeconds: seconds(file.mfa_within) ?? 15 * 60,
    ticket: {
      when: file.ticket?.when ?? 'before',
      withinSeconds: seconds(file.ticket?.within),
      pattern: file.ticket?.pattern,
    },
    alert: file.alert,
    user: file.user,
    mfaDevices: mapValues(file.mfa_devices, (serial) => serial),
    vaultItem: file.vault_item,
  };
}

function seconds(duration: string | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}
