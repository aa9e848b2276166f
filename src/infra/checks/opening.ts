import type { ContextEntries } from '../../iam/request-context.ts';
import type { Question } from '../ask.ts';
import type { Caller } from '../caller.ts';
import { answered, type Check, type Judged } from '../check.ts';
import { type DeployedRole, deployedRoleArn } from '../deployment.ts';
import type { Intent } from '../intent.ts';

/** A way to open an emergency: tier 0's or tier 3's. Both ask STS for a role, in somebody's name and with forge's tags. */
export interface Way {
  readonly group: 'emergency' | 'offline';
  readonly fix: string;
  applies(intent: Intent): boolean;
  roles(judged: Judged): readonly DeployedRole[];
  /** Who is meant to open it. */
  callers(judged: Judged, role: DeployedRole): readonly Caller[];
  /** What they say when all is as it should be, beside what every way says. */
  honest(judged: Judged, role: DeployedRole): ContextEntries;
}

export interface Opening {
  assume(judged: Judged, role: DeployedRole, caller: Caller, change?: ContextEntries): Question;
  /** One way in which it must not begin: the honest one, with one thing changed. */
  refused(rule: Refusal): Check;
  /** Each of the three questions that AWS asks of an honest opening. */
  honestly(judged: Judged): readonly Question[];
}

interface Refusal {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  change(judged: Judged): ContextEntries;
  /** Others than those who are meant to. */
  readonly callers?: (judged: Judged, role: DeployedRole) => readonly Caller[];
}

export function opening(way: Way): Opening {
  const assume: Opening['assume'] = (judged, role, caller, change = {}) => ({
    caller,
    action: 'sts:AssumeRole',
    resources: [deployedRoleArn(role)],
    context: {
      'aws:RequestedRegion': judged.intent.region,
      'aws:RequestTag/forge:incident': 'INC-1',
      'aws:TagKeys': ['forge:tier', 'forge:incident', 'forge:reason', 'forge:id'],
      ...way.honest(judged, role),
      ...change,
    },
  });
  return {
    assume,
    refused: ({ id, change, callers = way.callers, ...rule }) =>
      answered(
        way.group,
        'denied',
        { ...rule, id: `${way.group}.${id}`, fix: way.fix, applies: way.applies },
        (judged) =>
          way
            .roles(judged)
            .flatMap((role) =>
              callers(judged, role).map((caller) => assume(judged, role, caller, change(judged))),
            ),
      ),
    honestly: (judged) =>
      way.roles(judged).flatMap((role) =>
        way.callers(judged, role).flatMap((caller) =>
          ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'].map((action) => ({
            ...assume(judged, role, caller),
            action,
          })),
        ),
      ),
  };
}

/** What no opening goes without, whichever way it is. */
export const neverWithout = ({ refused }: Opening): readonly Check[] => [
  refused({
    id: 'no-tier',
    title: 'not without the tier’s tag',
    why: 'The rules and the record tell emergencies by it.',
    change: () => ({ 'aws:RequestTag/forge:tier': undefined }),
  }),
  refused({
    id: 'no-incident',
    title: 'not without an incident',
    why: 'Nobody could say later what it was for.',
    change: () => ({ 'aws:RequestTag/forge:incident': undefined }),
  }),
  refused({
    id: 'no-reason',
    title: 'not without a reason',
    why: 'Nobody could say later what it was for.',
    change: () => ({ 'aws:RequestTag/forge:reason': undefined }),
  }),
  refused({
    id: 'empty-reason',
    title: 'not with an empty reason',
    why: 'Nobody could say later what it was for.',
    change: () => ({ 'aws:RequestTag/forge:reason': '' }),
  }),
  refused({
    id: 'region',
    title: 'not through another region’s STS',
    why: 'Rules are regional: the emergency would be seen by nobody.',
    change: ({ intent }) => ({
      'aws:RequestedRegion': intent.region === 'ap-south-1' ? 'ap-south-2' : 'ap-south-1',
    }),
  }),
];
