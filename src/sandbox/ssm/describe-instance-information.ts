import { AwsFailure } from '../aws/aws-failure.ts';
import type { JsonOperation } from '../aws/json-service.ts';
import type { Instance } from '../organisation.ts';
import type { World } from '../world.ts';
import {
  integerField,
  ownInstances,
  pageOf,
  requirePermission,
  structures,
  textField,
  textList,
} from './fields.ts';

interface Filter {
  readonly key: string;
  readonly values: readonly string[];
}

const knownKeys = [
  'InstanceIds',
  'AgentVersion',
  'PingStatus',
  'PlatformTypes',
  'PlatformType',
  'ActivationIds',
  'IamRole',
  'ResourceType',
  'AssociationStatus',
  'SourceIds',
  'SourceTypes',
];

export const describeInstanceInformation: JsonOperation = (request) => {
  const { world, fields, caller, region } = request;
  requirePermission(
    request,
    'ssm:DescribeInstanceInformation',
    `arn:aws:ssm:${region}:${caller.principal.account}:*`,
  );
  const filters = readFilters(fields);
  const size = integerField(fields, 'MaxResults', { min: 5, max: 50, default: 10 });
  // Containers of ECS take sessions, but are no managed instances.
  const found = ownInstances(request).filter(
    (instance) => !instance.id.startsWith('ecs:') && filters.every((filter) => fits(instance, filter)),
  );
  const { items, next } = pageOf(request, found, 'instance-information', size);
  return {
    InstanceInformationList: items.map((instance) => information(world, instance)),
    ...(next === undefined ? {} : { NextToken: next }),
  };
};

function readFilters(fields: Parameters<typeof structures>[0]): readonly Filter[] {
  const filters = [
    ...structures(fields, 'Filters').map((entry) => ({
      key: textField(entry, 'Key') ?? '',
      values: textList(entry, 'Values') ?? [],
    })),
    ...structures(fields, 'InstanceInformationFilterList').map((entry) => ({
      key: textField(entry, 'key') ?? '',
      values: textList(entry, 'valueSet') ?? [],
    })),
  ];
  const tags = filters.filter(({ key }) => isTag(key));
  if (tags.length > 0 && tags.length < filters.length) {
    throw new AwsFailure(
      'InvalidInstanceInformationFilterValue',
      400,
      'Tag filters cannot be used with other filters.',
    );
  }
  for (const { key, values } of filters) {
    if (!isTag(key) && !knownKeys.includes(key)) {
      throw new AwsFailure('InvalidFilterKey', 400, `The specified key '${key}' is not valid.`);
    }
    if (values.length === 0) {
      throw new AwsFailure('InvalidInstanceInformationFilterValue', 400, `The filter ${key} has no values.`);
    }
  }
  return filters;
}

const isTag = (key: string) => key.startsWith('tag:') || key === 'tag-key';

function fits(instance: Instance, { key, values }: Filter): boolean {
  if (key === 'tag-key') return values.some((value) => value in instance.tags);
  if (key.startsWith('tag:')) {
    const held = instance.tags[key.slice(4)];
    return held !== undefined && values.includes(held);
  }
  const held: Readonly<Record<string, string>> = {
    InstanceIds: instance.id,
    AgentVersion: instance.agentVersion,
    PingStatus: pingStatus(instance),
    PlatformTypes: instance.platform ?? 'Linux',
    PlatformType: instance.platform ?? 'Linux',
    ResourceType: isHybrid(instance) ? 'ManagedInstance' : 'EC2Instance',
    ...(isHybrid(instance) ? {} : { SourceIds: instance.id, SourceTypes: 'AWS::EC2::Instance' }),
  };
  return values.includes(held[key] ?? '');
}

function information(world: World, instance: Instance): object {
  const silentSeconds = instance.online ? 60 : 4 * 86_400;
  return {
    InstanceId: instance.id,
    PingStatus: pingStatus(instance),
    LastPingDateTime: Math.floor(world.now() / 1000) - silentSeconds,
    AgentVersion: instance.agentVersion,
    IsLatestVersion: false,
    ...(instance.platform === 'Windows'
      ? {
          PlatformType: 'Windows',
          PlatformName: 'Microsoft Windows Server 2022 Datacenter',
          PlatformVersion: '10.0.20348',
        }
      : { PlatformType: 'Linux', PlatformName: 'Amazon Linux', PlatformVersion: '2023' }),
    IPAddress: instance.privateIp,
    ComputerName: instance.privateDns,
    ...(isHybrid(instance)
      ? { ResourceType: 'ManagedInstance', Name: instance.tags.Name, IamRole: 'hybrid-nodes' }
      : { ResourceType: 'EC2Instance', SourceId: instance.id, SourceType: 'AWS::EC2::Instance' }),
  };
}

function isHybrid({ id }: Instance): boolean {
  return id.startsWith('mi-');
}

function pingStatus(instance: Instance): string {
  return instance.online ? 'Online' : 'ConnectionLost';
}
