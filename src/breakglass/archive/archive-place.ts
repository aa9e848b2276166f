import type { Config } from '../../config/config.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { type AccessAccount, accessAccount } from '../access-account.ts';
import { type BreakGlassPlace, breakGlassPlace } from '../break-glass-place.ts';

/** Where the record is, and who may read it. */
export interface ArchivePlace extends BreakGlassPlace {
  readonly archiveBucket: string;
  readonly auditPermissionSet: string;
  /** Least time that a record is locked for, from when it was written. */
  readonly retentionDays: number;
}

/** Throws usage BREAK_GLASS_UNCONFIGURED and names the key that is missing. */
export function archivePlace(config: Config): ArchivePlace {
  const place = breakGlassPlace(config);
  const { records, auditPermissionSet } = place.breakGlass;
  const need = <Value>(value: Value | undefined, key: string): Value => {
    if (value !== undefined) return value;
    throw new ForgeError('usage', `${config.files[0]} does not say break_glass.${key}.`, {
      code: 'BREAK_GLASS_UNCONFIGURED',
      hint: 'Reading the archive needs it: see docs/configuration.md, and forge config show for what is there.',
    });
  };
  return {
    ...place,
    archiveBucket: need(records?.archiveBucket, 'records.archive_bucket'),
    auditPermissionSet: need(auditPermissionSet, 'audit_permission_set'),
    retentionDays: Math.floor(need(records?.retentionSeconds, 'records.retention') / 86_400),
  };
}

export function auditorAccount(parts: IdentityParts, place: ArchivePlace): AccessAccount {
  const { auditPermissionSet, account } = place;
  const hint = `The archive is read with ${auditPermissionSet} in ${account}. What you hold: forge whoami --all`;
  return accessAccount(parts, place, [auditPermissionSet], hint);
}
