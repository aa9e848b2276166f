import { jitGroups } from './break-glass/jit-groups.ts';
import type { Group, Membership, Person } from './organisation.ts';
import { storeId } from './seed-accounts.ts';

type Entry = readonly [person: Person, groups: readonly string[]];

/** Who works here, and what they are in; groups without their `grp-forge-`. */
const entries: readonly Entry[] = [
  entry('dana', 'Dana Whitfield', 'Software engineer', 'developers', 'vpn-dev'),
  entry('quinn', 'Quinn Okafor', 'QA engineer', 'qa-engineers', 'vpn-dev', 'vpn-qa'),
  entry('nico', 'Nico Brandt', '9Squid product engineer', '9squid-team', 'vpn-dev', 'vpn-prod-9squid'),
  entry(
    'sam',
    'Sam Ferreira',
    'On-call engineer',
    'sre-oncall',
    'vpn-dev',
    'vpn-qa',
    'vpn-prod-wealth',
    'vpn-prod-cash',
    'vpn-prod-9squid',
  ),
  entry('alex', 'Alex Moreau', 'Platform engineer', 'platform-admins', 'vpn-dev', 'vpn-qa'),
  entry('casey', 'Casey Lindqvist', 'CTO', 'wealth-prod', 'vpn-prod-wealth'),
  entry('bo', 'Bo Tanaka', 'Data analyst', 'data-analysts', 'vpn-dev'),
  // Both approve, and both develop: who may approve may ask too, and must not be able to do both at once.
  entry('mia', 'Mia Castellanos', 'Engineering manager', 'developers', 'approvers-managers', 'vpn-dev'),
  entry('sven', 'Sven Halvorsen', 'Senior engineer', 'developers', 'approvers-senior', 'vpn-dev'),
  // Reads the record, and is part of nothing that it is about.
  entry('noor', 'Noor Haddad', 'Auditor', 'auditors'),
];

function entry(nickname: string, displayName: string, title: string, ...groups: string[]): Entry {
  const person = {
    id: storeId(`person:${nickname}`),
    nickname,
    userName: `${nickname}@tapp.example`,
    displayName,
    title,
  };
  return [person, groups.map((group) => `grp-forge-${group}`)];
}

export const people: readonly Person[] = entries.map(([person]) => person);

const descriptions: Readonly<Record<string, string>> = {
  'grp-forge-approvers-managers': 'May approve break-glass tier 1',
  'grp-forge-approvers-senior': 'May approve break-glass tier 2',
  'grp-forge-auditors': 'May read the break-glass archive',
};

export const groups: readonly Group[] = [
  ...[...new Set(entries.flatMap(([, names]) => names))].map((name) => ({
    id: storeId(`group:${name}`),
    name,
    description: descriptions[name] ?? '',
  })),
  ...jitGroups.map(({ group }) => group),
];

export function memberships(): Membership[] {
  return entries.flatMap(([person, names]) =>
    names.map((name) => ({
      id: storeId(`membership:${name}:${person.userName}`),
      groupId: storeId(`group:${name}`),
      userId: person.id,
    })),
  );
}
