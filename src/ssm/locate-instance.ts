import { isIPv6 } from 'node:net';
import type { Access } from '../access/with-access.ts';
import type { ManagedInstance } from '../aws/ssm-instances.ts';
import { ForgeError } from '../errors.ts';
import { nearest } from '../lib/nearest.ts';
import type { InstanceLocator, InstanceTarget } from '../targets/resolve-instance.ts';
import { explainOffline } from './explain-offline.ts';
import {
  allInstances,
  collect,
  type FindParts,
  type FoundInstance,
  instancesByEc2,
  instancesWithTags,
} from './find-instances.ts';

/** An instance that a session can be opened to. */
export interface LocatedInstance {
  /** What StartSession takes: `i-…`, `mi-…`, `ecs:…`. */
  readonly instanceId: string;
  /** For people: `web-1 (i-0123456789abcdef0)`. */
  readonly label: string;
  /** Undefined: it was not asked for, as for what is named by its id. */
  readonly platform?: Platform | undefined;
}

export type Platform = 'posix' | 'windows';

/** Chooses among several, by asking the person; undefined where nobody can be asked. */
export type Choose = (pages: AsyncIterable<readonly FoundInstance[]>) => Promise<FoundInstance>;

/**
 * The one instance that is meant. An id is taken as it is: whether it is online, StartSession says itself. Throws
 * usage UNKNOWN_INSTANCE, AMBIGUOUS_INSTANCE, INSTANCE_NEEDED; unreachable INSTANCE_OFFLINE.
 */
export async function locateInstance(
  parts: FindParts,
  access: Access,
  target: InstanceTarget,
  choose: Choose | undefined,
): Promise<LocatedInstance> {
  const { locator } = target;
  if (locator.kind === 'id') return { instanceId: locator.instanceId, label: target.words };
  if (locator.kind === 'any') {
    if (choose === undefined) throw nothingSaid(target);
    return located(await choose(onlineOnly(allInstances(parts, access))));
  }
  const found = await matchingInstances(parts, access, locator);
  const online = found.filter(isOnline);
  const [only, ...others] = online;
  if (only === undefined)
    throw found.length === 0 ? await unknownInstance(parts, access, target) : explainOffline(found);
  if (others.length === 0) return located(only);
  if (choose !== undefined) return located(await choose(pageOf(online)));
  throw ambiguous(target, online);
}

/** Every instance that a locator means, online or not. */
export async function matchingInstances(
  parts: FindParts,
  access: Access,
  locator: InstanceLocator,
): Promise<FoundInstance[]> {
  switch (locator.kind) {
    case 'any':
      return collect(allInstances(parts, access));
    case 'id':
      return locator.instanceId.startsWith('i-')
        ? instancesByEc2(parts, access, { 'instance-id': [locator.instanceId] })
        : collect(allInstances(parts, access)).then((all) =>
            all.filter(({ instanceId }) => instanceId === locator.instanceId),
          );
    case 'tags':
      return instancesWithTags(parts, access, locator.tags);
    case 'address': {
      const { address } = locator;
      const field = isIPv6(address) ? 'network-interface.ipv6-addresses.ipv6-address' : 'private-ip-address';
      const found = await instancesByEc2(parts, access, { [field]: [address] });
      return found.length > 0 ? found : search(parts, access, ({ managed }) => managed?.address === address);
    }
    case 'name': {
      const { name } = locator;
      const tagged = await instancesWithTags(parts, access, new Map([['Name', name]]));
      if (tagged.length > 0) return tagged;
      const wanted = name.toLowerCase();
      return search(parts, access, ({ ec2, managed }) =>
        [ec2?.privateDnsName, managed?.computerName, managed?.name].some((known) => {
          const lower = known?.toLowerCase();
          return lower === wanted || lower?.split('.')[0] === wanted;
        }),
      );
    }
  }
}

/** `web-1 (i-0123456789abcdef0)`. */
export function instanceLabel({ name, instanceId }: Pick<FoundInstance, 'name' | 'instanceId'>): string {
  return name === undefined ? instanceId : `${name} (${instanceId})`;
}

export function isOnline({ managed }: FoundInstance): boolean {
  return managed?.online === true;
}

async function search(
  parts: FindParts,
  access: Access,
  matches: (instance: FoundInstance) => boolean,
): Promise<FoundInstance[]> {
  return (await collect(allInstances(parts, access))).filter(matches);
}

function located(instance: FoundInstance): LocatedInstance {
  const { instanceId, managed } = instance;
  return { instanceId, label: instanceLabel(instance), platform: managed && platformOf(managed) };
}

export function platformOf({ platform }: Pick<ManagedInstance, 'platform'>): Platform {
  return platform === 'Windows' ? 'windows' : 'posix';
}

async function* onlineOnly(
  pages: AsyncIterable<readonly FoundInstance[]>,
): AsyncGenerator<readonly FoundInstance[], void, undefined> {
  for await (const page of pages) yield page.filter(isOnline);
}

async function* pageOf(
  instances: readonly FoundInstance[],
): AsyncGenerator<readonly FoundInstance[], void, undefined> {
  yield instances;
}

/** Said before AWS is asked, where it can be: see the commands. */
export function nothingSaid({ environment }: InstanceTarget): ForgeError {
  const names = [...(environment?.instances.keys() ?? [])].map((name) => `${environment?.name}/${name}`);
  const listed = names.length === 0 ? '' : `: ${names.slice(0, 20).join(', ')}`;
  return new ForgeError('usage', 'No instance is named, and there is no terminal to pick one in.', {
    code: 'INSTANCE_NEEDED',
    hint: `Name one${listed}; an id, a Name tag, a private address, tag:key=value, asg:name.\nforge ssm list shows what there is.`,
  });
}

function ambiguous(target: InstanceTarget, online: readonly FoundInstance[]): ForgeError {
  const shown = online.slice(0, 20).map((instance) => `  ${instanceLabel(instance)}`);
  const more = online.length > shown.length ? `\n  and ${online.length - shown.length} more` : '';
  return new ForgeError('usage', `${online.length} instances are ${target.words}.`, {
    code: 'AMBIGUOUS_INSTANCE',
    hint: `Say which, by its id:\n${shown.join('\n')}${more}`,
  });
}

/** Nothing is what was said; a name that is near, when there is one. */
export async function unknownInstance(
  parts: FindParts,
  access: Access,
  target: InstanceTarget,
): Promise<ForgeError> {
  const { locator } = target;
  let near: string | undefined;
  if (locator.kind === 'name') {
    const all = await collect(allInstances(parts, access));
    near = nearest(
      locator.name,
      all.map(({ name }) => name).filter((name) => name !== undefined),
    );
  }
  const place = `${target.environment?.name ?? 'this account'} (${access.region})`;
  const list =
    locator.kind === 'name' && locator.name.includes('/')
      ? `${JSON.stringify(locator.name.split('/')[0])} is no environment of forge.yaml (forge config show); forge ssm list shows the instances.`
      : 'forge ssm list shows what there is.';
  return new ForgeError('usage', `There is no instance ${JSON.stringify(target.words)} in ${place}.`, {
    code: 'UNKNOWN_INSTANCE',
    hint: near === undefined ? list : `Did you mean: ${near}\n${list}`,
  });
}
