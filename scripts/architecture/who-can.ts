import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluatePolicies, evaluateResourcePolicy, type TrustCaller } from '../../src/iam/evaluate.ts';
import { fillPolicy } from '../../src/iam/fill-policy.ts';
import type { PolicyDocument } from '../../src/iam/policy.ts';
import { type ContextEntries, requestContext } from '../../src/iam/request-context.ts';
import type { TemplateNames } from '../../src/lib/fill-template.ts';
import {
  type Column,
  emergencyQuestions,
  names,
  productionNames,
  type Question,
  questions,
} from './questions.ts';

/**
 * The tables of docs/architecture.md: each cell is what the policies that Terraform deploys say, asked of forge's own judge of IAM.
 * They can't say anything else than what is deployed.
 */
const infra = join(process.cwd(), 'infra', 'modules');
const json = (path: string): unknown => JSON.parse(readFileSync(join(infra, path), 'utf8'));

interface Holder {
  readonly title: string;
  readonly caller: TrustCaller;
  readonly policies: readonly PolicyDocument[];
  readonly context: ContextEntries;
  /** The service control policy above their account. */
  readonly guard?: PolicyDocument;
}

const buckets = ['intake', 'archive', 'configuration'].map((name) => ({
  arn: String(names[name]),
  policy: fillPolicy('resource', [json(`access-account/policies/${name}-bucket.json`)], names),
}));

/** A person who signed in through Identity Center. */
function person(title: string, permissionSet: string): Holder {
  const sets = json('access-account/permission-sets.json') as Record<
    string,
    { policies: string[]; tier?: number }
  >;
  const set = sets[permissionSet];
  if (set === undefined) throw new Error(`there is no permission set ${permissionSet}`);
  const tier = String(set.tier ?? 1);
  const filled = { ...names, tier, tier_groups: [String(names[`tier${tier}_group`])] };
  const role = `AWSReservedSSO_${permissionSet}_0123456789abcdef`;
  const account = String(names.access_account);
  return {
    title,
    policies: [fillPolicy('identity', set.policies.map(accessTemplate), filled)],
    caller: {
      account,
      arn: `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/${role}`,
      sessionArn: `arn:aws:sts::${account}:assumed-role/${role}/me@example.org`,
    },
    context: { 'identitystore:UserId': String(names.me) },
  };
}

function handler(title: string): Holder {
  const handlers = json('access-account/handlers.json') as Record<string, { policies: string[] }>;
  const account = String(names.access_account);
  const name = `forge-breakglass-${title}`;
  const filled: TemplateNames = { ...names, function: name };
  return {
    title,
    policies: [fillPolicy('identity', (handlers[title]?.policies ?? []).map(accessTemplate), filled)],
    caller: {
      account,
      arn: `arn:aws:iam::${account}:role/${name}`,
      sessionArn: `arn:aws:sts::${account}:assumed-role/${name}/${name}`,
    },
    context: {},
  };
}

function emergency(): Holder {
  const account = String(productionNames.account);
  const templates = ['emergency', 'emergency-guard'].map((name) =>
    json(`production-account/policies/${name}.json`),
  );
  return {
    title: 'Forge-Prod-Emergency',
    policies: [fillPolicy('identity', templates, productionNames)],
    caller: {
      account,
      arn: `arn:aws:iam::${account}:role/forge/Forge-Prod-Emergency`,
      sessionArn: `arn:aws:sts::${account}:assumed-role/Forge-Prod-Emergency/me`,
    },
    context: {},
  };
}

const accessTemplate = (name: string) => json(`access-account/policies/${name}.json`);

/** All that a question concerns must be allowed, and no bucket's policy may deny it. */
function may(holder: Holder, { action, resources, context = {} }: Question): boolean {
  return [action].flat().some((one) =>
    resources.every((resource) => {
      const asked = requestContext(
        { 'aws:PrincipalArn': holder.caller.arn, 'aws:SecureTransport': 'true' },
        holder.context,
        context,
      );
      const request = { action: one, resource, context: asked };
      if (evaluatePolicies(holder.policies, request) !== 'allow') return false;
      const { guard } = holder;
      if (guard !== undefined && evaluatePolicies([guard], request) === 'explicit-deny') return false;
      const bucket = buckets.find(({ arn }) => resource === arn || resource.startsWith(`${arn}/`));
      if (bucket === undefined) return true;
      return evaluateResourcePolicy(bucket.policy, request, holder.caller) !== 'explicit-deny';
    }),
  );
}

const organizationGuard = fillPolicy(
  'identity',
  [json('organization-guard/policies/service-control.json')],
  names,
);

const columns: Readonly<Record<Column, readonly Holder[]>> = {
  people: [
    person('asks', 'Forge-BreakGlass-Request'),
    person('approves tier 1', 'Forge-BreakGlass-Approve-tier1'),
    person('approves tier 2', 'Forge-BreakGlass-Approve-tier2'),
    person('stops', 'Forge-BreakGlass-Kill'),
    person('audits', 'Forge-BreakGlass-Audit'),
    person('administrator', 'Forge-Admin'),
    { ...person('… under the guard', 'Forge-Admin'), guard: organizationGuard },
  ],
  functions: ['recorder', 'revoker', 'sweeper', 'exporter'].map(handler),
  emergency: [emergency()],
};

function table(column: Column, asked: readonly Question[]): string {
  const holders = columns[column];
  const rows = asked.map((question) => [
    question.says,
    ...holders.map((holder) => (may(holder, question) ? '**yes**' : '–')),
  ]);
  const lines = [['', ...holders.map(({ title }) => title)], ['---', ...holders.map(() => '---')], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page with its tables made anew, each between its two marks. */
export function withTables(page: string): string {
  const tables: Readonly<Record<Column, string>> = {
    people: table('people', questions),
    functions: table('functions', questions),
    emergency: table('emergency', emergencyQuestions),
  };
  return page.replace(
    /(<!-- table: (people|functions|emergency) -->)[\s\S]*?(<!-- end -->)/g,
    (_, before: string, name: Column, after: string) => `${before}\n\n${tables[name]}\n\n${after}`,
  );
}
