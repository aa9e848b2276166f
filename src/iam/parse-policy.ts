import { parseOperator } from './conditions.ts';
import { list, type PolicyDocument } from './policy.ts';

/** The text is no policy; the message is what AWS says. */
export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicy';
}

/** `resource`: of a bucket, a queue, …, which names principals and resources both. */
export type PolicyKind = 'identity' | 'session' | 'trust' | 'resource';

/**
 * Reads a policy document and refuses what IAM refuses: unknown elements, operators and effects, both of
 * Action and NotAction, a Principal where none may be. Source: "Grammar of the IAM JSON policy language".
 */
export function parsePolicy(text: string, kind: PolicyKind): PolicyDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedPolicy('This policy contains invalid Json');
  }
  const document = record(value);
  onlyKeys(document, ['Version', 'Id', 'Statement']);
  const version = document.Version;
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    throw new MalformedPolicy('Policy document must be version 2012-10-17 or greater.');
  }
  if (document.Statement === undefined) throw syntaxError();
  const statements = list(document.Statement as object | readonly object[]);
  for (const statement of statements) checkStatement(record(statement), kind);
  return value as PolicyDocument;
}

type Fields = Readonly<Record<string, unknown>>;

function checkStatement(statement: Fields, kind: PolicyKind): void {
  const allowed = ['Sid', 'Effect', 'Action', 'NotAction', 'Condition'];
  const named = kind === 'trust' || kind === 'resource';
  const places = kind === 'trust' ? [] : ['Resource', 'NotResource'];
  onlyKeys(statement, [...allowed, ...places, ...(named ? ['Principal'] : [])]);
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') throw syntaxError();
  exactlyOne(statement, 'Action', 'NotAction');
  if (named) checkPrincipal(statement.Principal);
  if (kind !== 'trust') exactlyOne(statement, 'Resource', 'NotResource');
  for (const name of ['Action', 'NotAction']) {
    for (const action of strings(statement[name])) {
      if (!/^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/.test(action)) {
        throw new MalformedPolicy(
          'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
        );
      }
    }
  }
  for (const name of ['Resource', 'NotResource']) {
    for (const resource of strings(statement[name])) {
      if (resource !== '*' && !resource.startsWith('arn:')) {
        throw new MalformedPolicy(`Resource ${resource} must be in ARN format or "*".`);
      }
    }
  }
  if (statement.Condition !== undefined) checkConditions(record(statement.Condition));
}

function checkPrincipal(principal: unknown): void {
  if (principal === '*') return;
  const map = record(principal);
  onlyKeys(map, ['AWS', 'Service', 'Federated', 'CanonicalUser']);
  for (const entry of Object.values(map)) {
    if (strings(entry).some((name) => name !== '*' && name.includes('*'))) {
      throw new MalformedPolicy('Invalid principal in policy');
    }
  }
}

function checkConditions(block: Fields): void {
  for (const [operator, keys] of Object.entries(block)) {
    if (!parseOperator(operator)) throw new MalformedPolicy(`Invalid Condition type : ${operator}.`);
    for (const value of Object.values(record(keys))) {
      const values = list(value as string | readonly string[]) as readonly unknown[];
      if (values.some((entry) => !['string', 'number', 'boolean'].includes(typeof entry)))
        throw syntaxError();
    }
  }
}

function exactlyOne(fields: Fields, first: string, second: string): void {
  if ((fields[first] === undefined) === (fields[second] === undefined)) throw syntaxError();
}

function strings(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (values.length === 0 || values.some((entry) => typeof entry !== 'string')) throw syntaxError();
  return values as readonly string[];
}

function record(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw syntaxError();
  return value as Fields;
}

function onlyKeys(fields: Fields, allowed: readonly string[]): void {
  if (Object.keys(fields).some((key) => !allowed.includes(key))) throw syntaxError();
}

function syntaxError(): MalformedPolicy {
  return new MalformedPolicy('Syntax errors in policy.');
}
