import { type Instance, instanceArn } from '../../organisation.ts';
import { AwsFailure } from '../aws-failure.ts';
import { members } from '../constraints.ts';
import { page } from '../paging.ts';
import type { QueryOperation, QueryRequest } from '../query-service.ts';
import { type XmlElements, xmlList } from '../xml.ts';

/** From: EC2 API Reference, DescribeInstances. */
export const describeInstances: QueryOperation = (request) => {
  const { world, parameters, caller, region } = request;
  const ids = members(parameters, 'InstanceId');
  request.note({ instanceIds: ids });
  requirePermission(request);
  const filters = readFilters(parameters);
  const mine = world.organisation.instances.filter(
    ({ id, account, region: own }) =>
      id.startsWith('i-') && account === caller.principal.account && own === region,
  );
  checkIds(ids, mine);
  const found = mine.filter(
    (instance) =>
      (ids.length === 0 || ids.includes(instance.id)) && filters.every((filter) => fits(instance, filter)),
  );
  const { items, next } = pageOf(request, found, ids.length > 0);
  return {
    result: {
      reservationSet: xmlList('item', items.map(reservationXml)),
      nextToken: next,
    },
  };
};

function requirePermission({ world, caller, region }: QueryRequest): void {
  const decision = world.authorize(caller, 'ec2:DescribeInstances', '*', { 'aws:RequestedRegion': region });
  if (decision.allowed) return;
  throw new AwsFailure(
    'UnauthorizedOperation',
    403,
    `You are not authorized to perform this operation. User: ${caller.principal.arn} is not authorized to perform: ec2:DescribeInstances ${decision.because}`,
  );
}

function checkIds(ids: readonly string[], mine: readonly Instance[]): void {
  const malformed = ids.find((id) => !/^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(id));
  if (malformed !== undefined) {
    throw new AwsFailure('InvalidInstanceID.Malformed', 400, `Invalid id: "${malformed}"`);
  }
  const unknown = ids.filter((id) => !mine.some((instance) => instance.id === id));
  if (unknown.length > 0) {
    throw new AwsFailure(
      'InvalidInstanceID.NotFound',
      400,
      `The instance ID${unknown.length > 1 ? 's' : ''} '${unknown.join(', ')}' ${unknown.length > 1 ? 'do' : 'does'} not exist`,
    );
  }
}

interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

const held: Readonly<Record<string, (instance: Instance) => string>> = {
  'instance-id': (instance) => instance.id,
  'private-ip-address': (instance) => instance.privateIp,
  'private-dns-name': (instance) => instance.privateDns,
  'instance-type': (instance) => instance.type,
  'instance-state-name': () => 'running',
  'availability-zone': (instance) => instance.zone,
};

function readFilters(parameters: ReadonlyMap<string, string>): readonly Filter[] {
  const filters: Filter[] = [];
  for (let index = 1; parameters.has(`Filter.${index}.Name`); index++) {
    const name = parameters.get(`Filter.${index}.Name`) ?? '';
    if (!Object.hasOwn(held, name) && !name.startsWith('tag:') && name !== 'tag-key') {
      throw new AwsFailure('InvalidParameterValue', 400, `The filter '${name}' is invalid`);
    }
    const values = members(parameters, `Filter.${index}.Value`);
    if (values.length === 0) {
      throw new AwsFailure('InvalidParameterValue', 400, `The filter '${name}' has no values`);
    }
    filters.push({ name, values });
  }
  return filters;
}

function fits(instance: Instance, { name, values }: Filter): boolean {
  if (name === 'tag-key') {
    return Object.keys(instance.tags).some((key) => values.some((value) => like(key, value)));
  }
  const own = name.startsWith('tag:') ? instance.tags[name.slice(4)] : held[name]?.(instance);
  return own !== undefined && values.some((value) => like(own, value));
}

/** `*` any characters, `?` one, with regard to case; a backslash takes their meaning away. */
function like(text: string, pattern: string): boolean {
  const source = pattern.replace(/\\(.)|([*?])|([^*?\\]+)/gs, (_, escaped, wild, plain) => {
    if (wild === '*') return '[\\s\\S]*';
    if (wild === '?') return '[\\s\\S]';
    return quote(escaped ?? plain);
  });
  return new RegExp(`^${source}$`, 'u').test(text);
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`);
}

function pageOf({ parameters, caller, region }: QueryRequest, found: readonly Instance[], byId: boolean) {
  const wanted = parameters.get('MaxResults');
  if (wanted !== undefined && byId) {
    throw new AwsFailure(
      'InvalidParameterCombination',
      400,
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  }
  const size = wanted === undefined ? 1_000 : Number(wanted);
  if (!Number.isInteger(size) || size < 5 || size > 1_000) {
    throw new AwsFailure(
      'InvalidParameterValue',
      400,
      `Value ( ${wanted} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`,
    );
  }
  const listing = `ec2-instances:${caller.principal.account}:${region}`;
  const result = page(found, listing, parameters.get('NextToken'), size);
  if (!result) throw new AwsFailure('InvalidNextToken', 400, 'The token is invalid.');
  return result;
}

function reservationXml(instance: Instance): XmlElements {
  return {
    reservationId: `r-${instance.id.slice(2)}`,
    ownerId: instance.account,
    groupSet: xmlList('item', []),
    instancesSet: xmlList('item', [instanceXml(instance)]),
  };
}

function instanceXml(instance: Instance): XmlElements {
  return {
    instanceId: instance.id,
    imageId: 'ami-0f0e0d0c0b0a09080',
    instanceState: { code: 16, name: 'running' },
    privateDnsName: instance.privateDns,
    instanceType: instance.type,
    launchTime: new Date(instance.launchedAt).toISOString(),
    placement: { availabilityZone: instance.zone, tenancy: 'default' },
    privateIpAddress: instance.privateIp,
    ...(instance.platform === 'Windows' ? { platform: 'windows' } : {}),
    architecture: instance.type.includes('g.') ? 'arm64' : 'x86_64',
    rootDeviceType: 'ebs',
    tagSet: xmlList(
      'item',
      Object.entries(instance.tags).map(([key, value]) => ({ key, value })),
    ),
    iamInstanceProfile: {
      arn: `arn:aws:iam::${instance.account}:instance-profile/ssm-managed`,
      id: `AIPA${instanceArn(instance).slice(-16).toUpperCase()}`,
    },
  };
}
