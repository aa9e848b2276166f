import { list, type PolicyDocument, type PolicyStatement } from '../../iam/policy.ts';
import { type Check, fact, stated } from '../check.ts';
import { deployedRoleArn } from '../deployment.ts';
import { findSet } from './cast.ts';

export const whatIsGiven: readonly Check[] = [
  stated(
    'standing access',
    {
      id: 'standing.bounded',
      title: 'what break-glass gives in production carries the boundary of revocations',
      why: 'What was issued could not be ended before it ends by itself.',
      fix: 'bounded = true for the set, and permissions_boundary for the role.',
    },
    (judged) => {
      const { intent, deployment } = judged;
      const sets = [...new Set(intent.grants.map(({ permissionSet }) => permissionSet))];
      const roles = deployment.roles.filter(
        ({ name }) => name === intent.emergency?.role || name === intent.offline?.role,
      );
      return [
        ...sets.map((name) => [name, findSet(judged, name)?.boundary] as const),
        ...roles.map((role) => [deployedRoleArn(role), role.boundary] as const),
      ].map(([name, boundary]) =>
        fact(
          'boundary',
          name,
          'ForgeBreakGlassRevocations',
          boundary ?? 'none',
          boundary === 'ForgeBreakGlassRevocations',
        ),
      );
    },
  ),
  stated(
    'standing access',
    {
      id: 'standing.boundary',
      title: 'the boundary is there in each production account, allows everything and refuses nobody yet',
      why: 'A boundary that is missing allows nothing; one that is narrower than all breaks everyday roles.',
      fix: 'Take the policy ForgeBreakGlassRevocations as forge infra export writes it.',
    },
    ({ intent, deployment }) =>
      intent.production.map(({ account, name }) => {
        const found = deployment.managedPolicies.find(
          (policy) => policy.account === account && policy.name === 'ForgeBreakGlassRevocations',
        );
        const allows = statements(found?.document).some(
          ({ Effect, Action, Resource, Condition }) =>
            Effect === 'Allow' &&
            list(Action).includes('*') &&
            list(Resource).includes('*') &&
            Condition === undefined,
        );
        return fact(
          'policy',
          `ForgeBreakGlassRevocations in ${name}`,
          'there, and allows *',
          found === undefined ? 'missing' : allows ? 'there, and allows *' : 'there, and narrower',
          allows,
        );
      }),
  ),
  stated(
    'standing access',
    {
      id: 'standing.durations',
      title: 'no permission set of break-glass lives longer than its tier and scenario say',
      why: 'What was issued lives to its own end wherever it was copied to.',
      fix: 'session_minutes must be at most max_duration (Identity Center’s least is 60).',
    },
    (judged) =>
      judged.intent.grants.map(({ permissionSet, maximumMinutes, group }) => {
        const minutes = findSet(judged, permissionSet)?.sessionMinutes;
        const most = Math.max(60, maximumMinutes);
        return fact(
          'session duration',
          `${permissionSet} of ${group}`,
          `at most ${most} minutes`,
          minutes === undefined ? 'the permission set is missing' : `${minutes} minutes`,
          minutes !== undefined && minutes <= most,
        );
      }),
  ),
  stated(
    'standing access',
    {
      id: 'standing.approvers.short',
      title: 'approving, stopping and auditing live an hour at most',
      why: 'A stolen laptop’s keys of an approver should not last a day.',
      fix: 'session_minutes = 60 for these permission sets.',
    },
    (judged) => {
      const { intent } = judged;
      const names = [
        ...intent.tiers.map(({ approverSet }) => approverSet),
        intent.killSet,
        intent.auditSet,
      ].filter((name) => name !== undefined);
      return [...new Set(names)].map((name) => {
        const minutes = findSet(judged, name)?.sessionMinutes;
        return fact(
          'session duration',
          name,
          'at most 60 minutes',
          minutes === undefined ? 'missing' : `${minutes} minutes`,
          minutes !== undefined && minutes <= 60,
        );
      });
    },
  ),
];

const statements = (document: PolicyDocument | undefined): readonly PolicyStatement[] =>
  list(document?.Statement);
