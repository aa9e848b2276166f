import { type Caller, inSet, type Who } from '../caller.ts';
import { answered, type Check, type Judged, stated } from '../check.ts';
import type { DeployedRole } from '../deployment.ts';
import type { Intent } from '../intent.ts';
import { another, everyday, findSet, nobody, one, productionRoles } from './cast.ts';
import { neverWithout, type Opening, opening } from './opening.ts';

const fix = 'Take emergency-trust.json and emergency-guard.json as forge infra export writes them.';
export const hasTier = ({ emergency }: Intent) => emergency !== undefined;

export const emergencyRoles = (judged: Judged): readonly DeployedRole[] =>
  productionRoles(judged, judged.intent.emergency?.role ?? '');

/** Whoever is on call, in an account. */
export function onCall(judged: Judged, account: string, who: Who = one): readonly Caller[] {
  const set = findSet(judged, judged.intent.emergency?.permissionSet);
  return set ? [inSet(judged.intent, judged.deployment, set, account, who)] : [];
}

/** Addresses that the roles' trust takes: what a plan knows of the VPN. */
function vpnAddress(role: DeployedRole): string {
  const [address] = JSON.stringify(role.trust ?? {}).match(/(?<="aws:SourceIp":(\[)?")[0-9a-fA-F.:]+/) ?? [];
  return address ?? '198.51.100.77';
}

const way: Opening = opening({
  group: 'emergency',
  fix,
  applies: hasTier,
  roles: emergencyRoles,
  callers: (judged, role) => onCall(judged, role.account),
  honest: (_, role) => ({
    'aws:SourceIp': vpnAddress(role),
    'sts:SourceIdentity': one.userId,
    'sts:RoleSessionName': 'one',
    'aws:RequestTag/forge:tier': '0',
    'aws:RequestTag/forge:reason': 'Site down',
  }),
});
const { assume, refused } = way;

export const emergency: readonly Check[] = [
  stated(
    'emergency',
    {
      id: 'emergency.there',
      title: 'each production account has tier 0’s role, for an hour at most',
      why: 'Where it is missing, an outage has no way in.',
      fix: 'Apply production-account in each production account; max_session_duration = 3600.',
      applies: hasTier,
    },
    (judged) =>
      judged.intent.production.map(({ account, name }) => {
        const role = emergencyRoles(judged).find((entry) => entry.account === account);
        return {
          what: 'is there',
          resource: `${judged.intent.emergency?.role} in ${name}`,
          expected: 'there, 60 minutes',
          found: role ? `there, ${role.maxSessionMinutes} minutes` : 'missing',
          holds: role !== undefined && role.maxSessionMinutes <= 60,
        };
      }),
  ),
  answered(
    'emergency',
    'allowed',
    {
      id: 'emergency.honest',
      title:
        'who is on call opens an emergency: in their own name, with tier, incident and reason, over the VPN',
      why: 'An outage would have no way in.',
      fix,
      applies: hasTier,
    },
    way.honestly,
  ),
  ...neverWithout(way),
  refused({
    id: 'no-identity',
    title: 'not without a SourceIdentity',
    why: 'The record would not know who it was.',
    change: () => ({ 'sts:SourceIdentity': undefined }),
  }),
  refused({
    id: 'other-identity',
    title: 'not with another’s SourceIdentity',
    why: 'Somebody could act in a colleague’s name.',
    change: () => ({ 'sts:SourceIdentity': another.userId }),
  }),
  refused({
    id: 'off-vpn',
    title: 'not from outside the VPN',
    why: 'The VPN is tier 0’s second factor that IAM itself asks for.',
    change: () => ({ 'aws:SourceIp': '8.8.8.8' }),
  }),
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.tags',
      title: 'no other session tags than forge’s',
      why: 'Tags that other policies trust could be made up.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      emergencyRoles(judged).flatMap((role) =>
        onCall(judged, role.account).map((caller) => ({
          ...assume(judged, role, caller, { 'aws:TagKeys': ['forge:tier', 'department'] }),
          action: 'sts:TagSession',
        })),
      ),
  ),
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.others',
      title: 'nobody opens one with an everyday permission set',
      why: 'Emergencies are for whoever is on call.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      emergencyRoles(judged).flatMap((role) => [
        ...everyday(judged, role.account).map((caller) => assume(judged, role, caller)),
        // Of the same account, with all power in its own policies: only the trust is between.
        ...['Forge-Developer', 'Forge-SRE', 'X'].map((name) =>
          assume(judged, role, {
            ...inSet(
              judged.intent,
              judged.deployment,
              {
                name,
                sessionMinutes: 60,
                policies: [
                  { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
                ],
                unknown: [],
                boundary: undefined,
              },
              role.account,
            ),
            label: `somebody with all power by the set ${name}`,
          }),
        ),
      ]),
  ),
  answered(
    'emergency',
    'denied',
    {
      id: 'emergency.foreign',
      title: 'nobody opens one from another account, or without being a person of Identity Center',
      why: 'The name in the record would be nobody’s.',
      fix,
      applies: hasTier,
    },
    (judged) =>
      emergencyRoles(judged).flatMap((role) => [
        ...['000000000000', judged.intent.accessAccount].flatMap((account) =>
          onCall(judged, account).map((caller) => assume(judged, role, caller)),
        ),
        ...onCall(judged, role.account, nobody).map((caller) => assume(judged, role, caller)),
      ]),
  ),
];
