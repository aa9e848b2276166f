import type { Access } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import type { FindParts } from './find-instances.ts';
import { type LocatedInstance, type Platform, platformOf } from './locate-instance.ts';

/**
 * Which shell an instance has. One that was named by its id is asked for at Systems Manager; where that may not be
 * asked or knows nothing, and in containers, it is taken for what most are.
 */
export async function findPlatform(
  parts: FindParts,
  { credentials, region }: Pick<Access, 'credentials' | 'region'>,
  { instanceId, platform }: LocatedInstance,
): Promise<Platform> {
  if (platform !== undefined) return platform;
  if (instanceId.startsWith('ecs:')) return 'posix';
  const { describeManagedInstances } = await import('../aws/ssm-instances.ts');
  const filters = { InstanceIds: [instanceId] };
  try {
    const pages = describeManagedInstances(await parts.aws(), region, signingKeys(credentials), filters);
    for await (const [found] of pages) if (found !== undefined) return platformOf(found);
  } catch (error) {
    if (!(error instanceof ForgeError && error.kind === 'denied')) throw error;
    parts.output.debug(`whether ${instanceId} has Windows may not be asked: taken for one without`);
  }
  return 'posix';
}
