import type { Access, AccessParts } from '../../access/with-access.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import type { LocatedInstance } from '../../ssm/locate-instance.ts';
import type { InstancePurpose } from '../../ssm/with-instance.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';

export interface InstanceRequest {
  readonly config: Config;
  readonly target: InstanceTarget;
  readonly purpose: InstancePurpose;
}

/**
 * What every command does that works on one instance: the person picks it where nothing names it, then withInstance.
 * Throws INSTANCE_NEEDED before AWS is asked for anything, and what withInstance throws.
 */
export async function onInstance<Value>(
  context: Context,
  { config, target, purpose }: InstanceRequest,
  use: (parts: AccessParts, access: Access, instance: LocatedInstance) => Promise<Value>,
): Promise<Value> {
  const { chooserFor } = await import('./choose-instance.ts');
  const choose = chooserFor(context, target);
  const { identityParts } = await import('../../identity/identity-parts.ts');
  const { withInstance } = await import('../../ssm/with-instance.ts');
  const parts = { ...identityParts(context), config };
  return withInstance(parts, target, purpose, choose, (access, instance) => use(parts, access, instance));
}
