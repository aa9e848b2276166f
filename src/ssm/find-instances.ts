import type { Access } from '../access/with-access.ts';
import type { Ec2Filters, Ec2Instance } from '../aws/ec2.ts';
import type { ManagedFilters, ManagedInstance } from '../aws/ssm-instances.ts';
import { ForgeError } from '../errors.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import { asTheyCome } from './as-they-come.ts';

/** What EC2 and Systems Manager know of an instance, put together. */
export interface FoundInstance {
  readonly instanceId: string;
  /** Name tag, the name of its hybrid activation, or the computer's own. */
  readonly name: string | undefined;
  /** Undefined where EC2 could not be asked, and outside of EC2. */
  readonly ec2: Ec2Instance | undefined;
  /** Undefined: its agent has not registered with Systems Manager. */
  readonly managed: ManagedInstance | undefined;
}

export type FindParts = Pick<IdentityParts, 'output' | 'aws'>;
type FindAccess = Pick<Access, 'credentials' | 'region'>;

/** Requests of DescribeInstanceInformation that are on their way at once. */
const sideBySide = 8;

/**
 * All instances, in no order, as the replies come: EC2 names up to a thousand at once, and Systems Manager is asked
 * for them in batches side by side, for paging through its own list takes one reply after the other. Where EC2 may
 * not be asked or can't be reached (a network with endpoints for Session Manager alone), that list is all there is.
 */
export async function* allInstances(
  parts: FindParts,
  access: FindAccess,
): AsyncGenerator<readonly FoundInstance[], void, undefined> {
  const ask = await askAws(parts, access);
  const hybrid = collect(ask.managed({ ResourceType: ['ManagedInstance'] }));
  // It is awaited last: until then a failure is nobody's.
  hybrid.catch(() => {});
  const seen = new Set<string>();
  try {
    for await (const page of ask.ec2({})) {
      const batches = chunk(page, ask.pageSize).map((batch) => () => joinManaged(ask, batch));
      for await (const instances of asTheyCome(batches, sideBySide)) {
        for (const { instanceId } of instances) seen.add(instanceId);
        yield instances;
      }
    }
  } catch (error) {
    const said = missing(parts, error);
    if (said === undefined) throw error;
    let answered = false;
    for await (const page of ask.managed({})) {
      // Where nothing of AWS can be reached, that is the failure, and it is told once.
      if (!answered) said();
      answered = true;
      const rest = page.filter(({ instanceId }) => !seen.has(instanceId));
      yield rest.map((managed) => join(undefined, managed));
    }
    return;
  }
  const rest = (await hybrid).filter(({ instanceId }) => !seen.has(instanceId));
  if (rest.length > 0) yield rest.map((managed) => join(undefined, managed));
}

/** Those that carry all these tags, whether EC2 or Systems Manager holds the tags. */
export async function instancesWithTags(
  parts: FindParts,
  access: FindAccess,
  tags: ReadonlyMap<string, string>,
): Promise<FoundInstance[]> {
  const ask = await askAws(parts, access);
  const filters = Object.fromEntries([...tags].map(([key, value]) => [`tag:${key}`, [value]]));
  let said = () => {};
  const [ec2, managed] = await Promise.all([
    collect(ask.ec2(filters)).catch((error: unknown): Ec2Instance[] => {
      const note = missing(parts, error);
      if (note === undefined) throw error;
      said = note;
      return [];
    }),
    collect(ask.managed(filters)),
  ]);
  said();
  const byId = new Map(managed.map((entry) => [entry.instanceId, entry]));
  const both = ec2.map((entry) => join(entry, byId.get(entry.instanceId)));
  const known = new Set(ec2.map(({ instanceId }) => instanceId));
  const alone = managed.filter(({ instanceId }) => !known.has(instanceId));
  return [...both, ...alone.map((entry) => join(undefined, entry))];
}

/** Those that EC2 finds by filters of its own; none where it may not be asked. */
export async function instancesByEc2(
  parts: FindParts,
  access: FindAccess,
  filters: Ec2Filters,
): Promise<FoundInstance[]> {
  const ask = await askAws(parts, access);
  const found = await collect(ask.ec2(filters)).catch((error: unknown): Ec2Instance[] => {
    if (isOf(error, 'denied')) return [];
    throw error;
  });
  const batches = chunk(found, ask.pageSize).map((batch) => () => joinManaged(ask, batch));
  return collect(asTheyCome(batches, sideBySide));
}

interface Ask {
  readonly pageSize: number;
  ec2(filters: Ec2Filters): AsyncGenerator<readonly Ec2Instance[], void, undefined>;
  managed(filters: ManagedFilters): AsyncGenerator<readonly ManagedInstance[], void, undefined>;
}

async function askAws(parts: FindParts, { credentials, region }: FindAccess): Promise<Ask> {
  const [{ describeEc2Instances }, { describeManagedInstances, managedPageSize }, aws] = await Promise.all([
    import('../aws/ec2.ts'),
    import('../aws/ssm-instances.ts'),
    parts.aws(),
  ]);
  const keys = signingKeys(credentials);
  return {
    pageSize: managedPageSize,
    ec2: (filters) => describeEc2Instances(aws, region, keys, filters),
    managed: (filters) => describeManagedInstances(aws, region, keys, filters),
  };
}

async function joinManaged(ask: Ask, batch: readonly Ec2Instance[]): Promise<FoundInstance[]> {
  const managed = await collect(ask.managed({ InstanceIds: batch.map(({ instanceId }) => instanceId) }));
  const byId = new Map(managed.map((entry) => [entry.instanceId, entry]));
  return batch.map((entry) => join(entry, byId.get(entry.instanceId)));
}

function join(ec2: Ec2Instance, managed: ManagedInstance | undefined): FoundInstance;
function join(ec2: undefined, managed: ManagedInstance): FoundInstance;
function join(ec2: Ec2Instance | undefined, managed: ManagedInstance | undefined): FoundInstance {
  return {
    instanceId: ec2?.instanceId ?? managed?.instanceId ?? '',
    name: ec2?.name ?? managed?.name ?? managed?.computerName,
    ec2,
    managed,
  };
}

export async function collect<Value>(pages: AsyncIterable<readonly Value[]>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

/** Says what is missing from what Systems Manager has; undefined: it is another failure. */
function missing({ output }: Pick<FindParts, 'output'>, error: unknown): (() => void) | undefined {
  const what = 'names, types and zones that only EC2 knows are missing';
  if (isOf(error, 'denied')) return () => output.debug(`EC2 may not be asked: ${what}`);
  if (isOf(error, 'unreachable')) return () => output.warn(`EC2 can't be reached: ${what}.`);
  return undefined;
}

function isOf(error: unknown, kind: ForgeError['kind']): boolean {
  return error instanceof ForgeError && error.kind === kind;
}

function chunk<Value>(values: readonly Value[], size: number): Value[][] {
  const chunks: Value[][] = [];
  for (let start = 0; start < values.length; start += size) chunks.push(values.slice(start, start + size));
  return chunks;
}
