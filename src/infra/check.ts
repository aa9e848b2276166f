import type { ContextEntries } from '../iam/request-context.ts';
import { ask, type Question } from './ask.ts';
import type { Deployment } from './deployment.ts';
import type { Intent } from './intent.ts';

/** What is judged, and what it is held against. */
export interface Judged {
  readonly deployment: Deployment;
  readonly intent: Intent;
  /** Base64 of the SHA-256 of the functions' archive that ships with this forge. */
  readonly archiveHash: string;
}

/** One rule of the protocol. It may put its question many times: for each tier, group, account. */
export interface Check {
  /** Stable: `approve.oneself`. */
  readonly id: string;
  readonly group: CheckGroup;
  /** What must be so, in a sentence. */
  readonly title: string;
  /** What somebody could do otherwise. */
  readonly why: string;
  /** What to change in Terraform. */
  readonly fix: string;
  /** Not asked of a policy that has no such tier, or nobody of the kind. */
  readonly applies?: ((intent: Intent) => boolean) | undefined;
  find(judged: Judged): readonly Finding[];
}

export const checkGroups = [
  'the example',
  'asking',
  'approving',
  'stopping',
  'auditing',
  'records',
  'administrators',
  'functions',
  'emergency',
  'offline',
  'databases',
  'sessions',
  'developers',
  'standing access',
  'what watches',
  'what takes away',
] as const;
export type CheckGroup = (typeof checkGroups)[number];

/** One look at one thing. */
export interface Finding {
  readonly verdict: 'pass' | 'fail' | 'unknown';
  readonly who: string;
  /** IAM action, or what is looked at. */
  readonly action: string;
  readonly resource: string;
  readonly context?: ContextEntries | undefined;
  readonly expected: string;
  readonly found: string;
}

interface Rule {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  readonly applies?: (intent: Intent) => boolean;
  /** That there is nobody to ask about is as it may be: an organisation without administrators, say. */
  readonly mayBeNobody?: true;
}

/** Every question must be answered so. A rule without a question was not asked, which is no pass. */
export function answered(
  group: CheckGroup,
  expected: 'allowed' | 'denied',
  { mayBeNobody, ...rule }: Rule,
  questions: (judged: Judged) => readonly Question[],
): Check {
  return {
    ...rule,
    group,
    find: (judged) => {
      const asked = questions(judged);
      if (asked.length === 0 && mayBeNobody && judged.deployment.assignments.length > 0) return [nobody];
      return asked.map((question) => {
        const found = ask(judged.deployment, question);
        return {
          verdict: found === 'unknown' ? 'unknown' : found === expected ? 'pass' : 'fail',
          who: question.caller.label,
          action: question.action,
          resource: question.resources.join(' '),
          context: question.context,
          expected,
          found,
        };
      });
    },
  };
}

const nobody: Finding = {
  verdict: 'pass',
  who: '-',
  action: '-',
  resource: '-',
  expected: 'denied',
  found: 'nobody holds what this is about',
};

/** Something that is simply so or not. */
export interface Fact {
  readonly what: string;
  readonly resource: string;
  readonly expected: string;
  /** Undefined: nobody can tell. */
  readonly found: string | undefined;
  readonly holds: boolean;
}

export const fact = (
  what: string,
  resource: string,
  expected: string,
  found: string | undefined,
  holds: boolean,
): Fact => ({ what, resource, expected, found, holds });

export function stated(group: CheckGroup, rule: Rule, facts: (judged: Judged) => readonly Fact[]): Check {
  return {
    ...rule,
    group,
    find: (judged) =>
      facts(judged).map(({ what, resource, expected, found, holds }) => ({
        verdict: found === undefined ? 'unknown' : holds ? 'pass' : 'fail',
        who: '-',
        action: what,
        resource,
        expected,
        found: found ?? 'not known',
      })),
  };
}
