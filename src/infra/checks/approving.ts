import { answered, type Check, stated } from '../check.ts';
import {
  act,
  add,
  another,
  approvers,
  archiveKey,
  evidenceFile,
  findSet,
  intakeKey,
  nobody,
  one,
  otherGroups,
  record,
  remove,
  request,
  tierGroups,
} from './cast.ts';

const fix = 'Take the approver’s policy as forge infra export writes it (policies/approver.json).';

export const approving: readonly Check[] = [
  stated(
    'approving',
    {
      id: 'approve.there',
      title: 'every tier has its approvers’ permission set',
      why: 'Nobody could approve that tier.',
      fix: 'Add the permission sets that break_glass.approvers name.',
    },
    (judged) =>
      judged.intent.tiers.map(({ approverSet }) => ({
        what: 'is there',
        resource: approverSet,
        expected: 'there',
        found: findSet(judged, approverSet) ? 'there' : 'missing',
        holds: findSet(judged, approverSet) !== undefined,
      })),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.oneself',
      title: 'nobody approves themselves, in any group of any tier',
      why: 'One stolen approver’s laptop would be production.',
      fix: `Keep the Deny NeverMyself on user/\${identitystore:UserId}.`,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) =>
        tierGroups(judged).map((group) => add(judged, caller, group, one)),
      ),
  ),
  answered(
    'approving',
    'allowed',
    {
      id: 'approve.own-tier',
      title: 'an approver lets others into the groups of their tier',
      why: 'Nobody would get in.',
      fix,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller, tier }) =>
        tierGroups(judged, tier).map((group) => add(judged, caller, group, another)),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.other-tier',
      title: 'an approver of one tier lets nobody into another tier’s groups',
      why: 'Whoever may approve looking could approve changing.',
      fix: 'GrantTierGroups must name the groups of the set’s own tier, and no others.',
      applies: ({ tiers }) => tiers.some(({ approverSet }) => approverSet !== tiers[0]?.approverSet),
    },
    (judged) =>
      approvers(judged).flatMap(({ caller, tier }) => {
        const mine = new Set(tierGroups(judged, tier));
        const { tiers } = judged.intent;
        const set = tiers.find(({ name }) => name === tier)?.approverSet;
        return tiers
          .filter(({ name, approverSet }) => name !== tier && approverSet !== set)
          .flatMap(({ name }) => tierGroups(judged, name))
          .filter((group) => !mine.has(group))
          .map((group) => add(judged, caller, group, another));
      }),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.other-groups',
      title: 'an approver puts nobody into a group that is no just-in-time group',
      why: 'Approvers could make administrators, or approvers.',
      fix: 'GrantTierGroups must name just-in-time groups only.',
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) =>
        otherGroups(judged).flatMap((group) => [one, another].map((who) => add(judged, caller, group, who))),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.no-person',
      title: 'who is no person of Identity Center lets nobody in, with an approver’s policies',
      why: 'The Deny on oneself says nothing about a program, whose user id is empty.',
      fix: 'Keep the condition Null identitystore:UserId false on GrantTierGroups.',
    },
    (judged) =>
      approvers(judged, nobody).flatMap(({ caller }) =>
        tierGroups(judged).map((group) => add(judged, caller, group, another)),
      ),
  ),
  answered(
    'approving',
    'allowed',
    {
      id: 'approve.take-back',
      title: 'an approver takes back access of their tier',
      why: 'Whoever let somebody in must be able to end it.',
      fix,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller, tier }) =>
        tierGroups(judged, tier).map((group) => remove(judged, caller, group, another)),
      ),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.empty-teams',
      title: 'an approver takes nobody out of a team’s group',
      why: 'It would take everyday access, and approvers, away.',
      fix: 'MayRevoke must name just-in-time groups only.',
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) =>
        otherGroups(judged).map((group) => remove(judged, caller, group, another)),
      ),
  ),
  answered(
    'approving',
    'allowed',
    {
      id: 'approve.records.read',
      title: 'an approver reads the records of sessions',
      why: 'Whoever stops somebody must see that they are out.',
      fix,
    },
    (judged) =>
      approvers(judged).map(({ caller }) => act(caller, 's3:GetObject', archiveKey(judged, record))),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.evidence.read',
      title: 'an approver reads no evidence, of the archive or of the intake',
      why: 'It holds what people typed and saw in production: auditors read it.',
      fix: 'ReadRecords must name sessions/*/0?????.json only.',
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) => [
        act(caller, 's3:GetObject', archiveKey(judged, evidenceFile)),
        act(caller, 's3:GetObject', intakeKey(judged, `evidence/${another.userId}/${request}/000000.jsonl`)),
      ]),
  ),
  answered(
    'approving',
    'denied',
    {
      id: 'approve.identity-center',
      title: 'an approver changes no group, permission set or assignment',
      why: 'Whoever can assign needs no approval.',
      fix,
    },
    (judged) =>
      approvers(judged).flatMap(({ caller }) =>
        [
          'sso:CreateAccountAssignment',
          'sso:PutInlinePolicyToPermissionSet',
          'identitystore:CreateGroup',
          'identitystore:UpdateUser',
          'identitystore:CreateUser',
        ].map((action) => act(caller, action, '*')),
      ),
  ),
];
