import { type Access, type AccessParts, withAccess } from '../access/with-access.ts';
import { appendToJournal } from '../audit/journal.ts';
import { ForgeError } from '../errors.ts';
import type { InstanceTarget } from '../targets/resolve-instance.ts';
import { type Choose, type LocatedInstance, locateInstance } from './locate-instance.ts';

export interface InstancePurpose {
  /** Words of the command, e.g. `ssm forward`. */
  readonly purpose: string;
  readonly reason: string | undefined;
  /** --profile */
  readonly profile: string | undefined;
}

/** What withAccess is asked for an instance. */
export function instanceAccess(target: InstanceTarget, { purpose, reason, profile }: InstancePurpose) {
  const { environment, name, region, roles } = target;
  // A session can do whatever its account on the instance can.
  return { environment, targetName: name, region, profile, roles, purpose, reason, write: true };
}

/**
 * May I → credentials → which instance → `use`. The journal gets the instance's id: what the person typed can be a
 * tag, or nothing at all. In production no record means no access.
 */
export function withInstance<Value>(
  parts: AccessParts,
  target: InstanceTarget,
  purpose: InstancePurpose,
  choose: Choose | undefined,
  use: (access: Access, instance: LocatedInstance) => Promise<Value>,
): Promise<Value> {
  return withAccess(parts, instanceAccess(target, purpose), async (access) => {
    const instance = await locate();
    await recordInstances(parts, access, [instance.instanceId]);
    return use(access, instance);

    async function locate(): Promise<LocatedInstance> {
      // The picker draws on the line that progress would be on.
      if (target.locator.kind === 'any' || target.locator.kind === 'id') {
        return locateInstance(parts, access, target, choose);
      }
      const progress = parts.output.progress(`looking for ${target.words}`);
      try {
        return await locateInstance(
          parts,
          access,
          target,
          choose &&
            ((pages) => {
              progress[Symbol.dispose]();
              return choose(pages);
            }),
        );
      } finally {
        progress[Symbol.dispose]();
      }
    }
  });
}

/** Which instances an access leads to; belongs to its opening record. */
export async function recordInstances(
  parts: AccessParts,
  access: Access,
  instanceIds: readonly string[],
): Promise<void> {
  try {
    await appendToJournal(parts.host, {
      type: 'access.instances',
      id: access.id,
      breakglass: access.breakglass,
      instances: instanceIds.join(' '),
    });
  } catch (error) {
    parts.host.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    if (access.target.environment?.production !== true) {
      return parts.output.warn(`The instance is not in the journal. ${why}`);
    }
    throw new ForgeError('failed', `Can't open production without a record of it. ${why}`, {
      code: 'JOURNAL_FAILED',
      hint: error instanceof ForgeError ? error.hint : undefined,
      cause: error,
    });
  }
}
