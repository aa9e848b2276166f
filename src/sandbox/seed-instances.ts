import { derivedHex } from './issued-keys.ts';
import type { Account, Instance } from './organisation.ts';
import { accessTag } from './seed-databases.ts';

const region = 'us-east-1';
const currentAgent = '3.3.987.0';
/** Before port sessions were multiplexed: clients must fall back to the basic protocol. */
const oldAgent = '3.0.161.0';

/** Without the tag that break-glass demands of instances, as somebody will forget it. */
const untagged = 'legacy';

interface Blueprint {
  readonly name: string;
  readonly role: string;
  readonly type: string;
  readonly agentVersion?: string;
  readonly offline?: true;
  readonly group?: string;
}

const fleet: readonly Blueprint[] = [
  { name: 'bastion', role: 'bastion', type: 't4g.nano' },
  { name: 'web-1', role: 'web', type: 'm7g.large', group: 'web' },
  { name: 'web-2', role: 'web', type: 'm7g.large', group: 'web' },
  { name: 'worker', role: 'worker', type: 'c7g.xlarge' },
  { name: 'legacy', role: 'legacy', type: 't3.small', agentVersion: oldAgent },
  { name: 'report', role: 'report', type: 't3.small', offline: true },
];

/** The instances of an environment from the start; the management account has none. */
export function seedInstances(account: Account): readonly Instance[] {
  if (account.name === 'access') return [];
  const standard = fleet.map((blueprint, index) => instanceOf(account, blueprint, index));
  return account.name === 'qa' ? [...standard, ...otherTargets(account)] : standard;
}

/** What else there is in qa: a machine of its own, one with Windows, and a container. */
function otherTargets(account: Account): readonly Instance[] {
  const place = fleet.length;
  const windows = instanceOf(account, { name: 'windows-1', role: 'windows', type: 'm7i.large' }, place);
  const hybrid = instanceOf(account, { name: 'edge-1', role: 'edge', type: '' }, place + 1);
  const task = instanceOf(account, { name: 'shop', role: 'shop', type: '' }, place + 2);
  const [taskId, runtime] = ['task', 'runtime'].map((part) => derivedHex(`${part}:${account.id}:shop`, 32));
  return [
    { ...windows, platform: 'Windows' },
    { ...hybrid, id: `m${hybrid.id}`, privateDns: 'edge-1.example.internal' },
    { ...task, id: `ecs:shop_${taskId}_${runtime}-1234567890` },
  ];
}

/** One of many: what listing and choosing costs in a large environment. */
export function bulkInstance(account: Account, index: number): Instance {
  const name = `bulk-${String(index).padStart(5, '0')}`;
  return instanceOf(account, { name, role: 'bulk', type: 'm7g.medium', group: 'bulk' }, 1_000 + index);
}

function instanceOf(account: Account, blueprint: Blueprint, index: number): Instance {
  const { name, role, type, group } = blueprint;
  const network = Number(account.id[0]);
  const address = index + 4;
  const privateIp = `10.${network * 10 + (address >> 16)}.${(address >> 8) & 255}.${address & 255}`;
  return {
    id: `i-0${derivedHex(`instance:${account.id}:${name}`, 16)}`,
    account: account.id,
    region,
    privateIp,
    privateDns: `ip-${privateIp.replaceAll('.', '-')}.ec2.internal`,
    type,
    zone: `${region}${'abc'[index % 3]}`,
    launchedAt: Date.UTC(2026, 9, 1 + (index % 28), 6, 30),
    agentVersion: blueprint.agentVersion ?? currentAgent,
    online: blueprint.offline !== true,
    tags: {
      Name: name,
      Environment: account.name,
      role,
      ...(account.production && name !== untagged ? accessTag : {}),
      ...(group === undefined ? {} : { 'aws:autoscaling:groupName': `${account.name}-${group}` }),
    },
  };
}
