import { fillTemplate, type TemplateNames } from '../lib/fill-template.ts';
import { type PolicyKind, parsePolicy } from './parse-policy.ts';
import { list, type PolicyDocument } from './policy.ts';

/** One policy of several templates: the Statements of each, one file after the other. Throws on what IAM would refuse. */
export function fillPolicy(
  kind: PolicyKind,
  templates: readonly unknown[],
  names: TemplateNames,
): PolicyDocument {
  const filled = templates.map((template) =>
    parsePolicy(JSON.stringify(fillTemplate(template, names)), kind),
  );
  return {
    Version: '2012-10-17',
    Statement: filled.flatMap(({ Statement }) => list(Statement)),
  };
}
