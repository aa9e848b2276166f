import { parseJsonObject } from '../lib/json-object.ts';
import type { AccountOf } from './collect-roles.ts';
import type { DeployedDocument } from './deployment.ts';
import { type PlanResources, textOf } from './plan-resources.ts';

/** Documents of Session Manager; those of other kinds (commands, automation) start no session. */
export function collectSessionDocuments(
  resources: PlanResources,
  accountOf: AccountOf,
): readonly DeployedDocument[] {
  return resources
    .ofType('aws_ssm_document')
    .filter((resource) => textOf(resource, 'document_type') === 'Session')
    .map((resource) => ({
      account: accountOf(resource),
      name: textOf(resource, 'name') ?? resource.name,
      content: parseJsonObject(textOf(resource, 'content') ?? ''),
    }));
}
