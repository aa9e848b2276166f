import { type Answer, json, type MissingCalls, notFound } from './emulator-shim.ts';

/**
 * What moto 5.2 lacks of Identity Center: tags and boundaries of permission sets, how their provisioning goes, and who a
 * membership is of. And what it lacks of Step Functions, whose calls come in the same protocol.
 */
export function missingOfIdentityCenter(): MissingCalls {
  const boundaries = new Map<string, unknown>();
  const memberships = new Map<string, object>();
  const tags = new Map<string, Map<string, string>>();
  const tag = (arn: string, list: readonly Tag[]) => {
    const known = tags.get(arn) ?? new Map<string, string>();
    for (const { Key, Value } of list) known.set(Key, Value);
    tags.set(arn, known);
    return json({});
  };

  const calls: Readonly<Record<string, (input: Input) => Answer>> = {
    'sso ListTagsForResource': ({ ResourceArn }) =>
      json({ Tags: Array.from(tags.get(ResourceArn) ?? [], ([Key, Value]) => ({ Key, Value })) }),
    'sso TagResource': ({ ResourceArn, Tags }) => tag(ResourceArn, Tags),
    'sso UntagResource': ({ ResourceArn, TagKeys }) => {
      for (const key of TagKeys) tags.get(ResourceArn)?.delete(key);
      return json({});
    },
    'sso PutPermissionsBoundaryToPermissionSet': ({ PermissionSetArn, PermissionsBoundary }) => {
      boundaries.set(PermissionSetArn, PermissionsBoundary);
      return json({});
    },
    'sso GetPermissionsBoundaryForPermissionSet': ({ PermissionSetArn }) => {
      const PermissionsBoundary = boundaries.get(PermissionSetArn);
      return PermissionsBoundary
        ? json({ PermissionsBoundary })
        : notFound('It has no permissions boundary.');
    },
    'sso DeletePermissionsBoundaryFromPermissionSet': ({ PermissionSetArn }) =>
      boundaries.delete(PermissionSetArn) ? json({}) : notFound('It has no permissions boundary.'),
    // moto provisions at once, and gives no id that could be asked for.
    'sso DescribePermissionSetProvisioningStatus': ({ ProvisionPermissionSetRequestId }) =>
      json({
        PermissionSetProvisioningStatus: {
          Status: 'SUCCEEDED',
          RequestId: ProvisionPermissionSetRequestId,
        },
      }),
    'identitystore DescribeGroupMembership': ({ MembershipId }) => {
      const found = memberships.get(MembershipId);
      return found ? json(found) : notFound('MEMBERSHIP not found.');
    },
    'states ValidateStateMachineDefinition': ({ definition }) => {
      const { StartAt, States } = JSON.parse(definition) as { StartAt: string; States: object };
      return json({
        result: Object.hasOwn(States, StartAt) ? 'OK' : 'FAIL',
        diagnostics: [],
        truncated: false,
      });
    },
    'states ListStateMachineVersions': () => json({ stateMachineVersions: [] }),
  };

  return {
    answer: ({ service, operation, body }) =>
      calls[`${service} ${operation}`]?.(JSON.parse(body || '{}') as Input),
    amend({ operation, body }, answer) {
      if (answer.status !== 200) return undefined;
      if (operation === 'CreatePermissionSet') {
        const { PermissionSet } = JSON.parse(answer.body) as { PermissionSet: { PermissionSetArn: string } };
        tag(PermissionSet.PermissionSetArn, (JSON.parse(body) as Partial<Input>).Tags ?? []);
      }
      if (operation === 'CreateGroupMembership') {
        const { MembershipId } = JSON.parse(answer.body) as Input;
        memberships.set(MembershipId, { ...JSON.parse(body), MembershipId });
      }
      if (operation === 'DeleteGroupMembership') memberships.delete((JSON.parse(body) as Input).MembershipId);
      return undefined;
    },
  };
}

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Fields of all these calls; each has those that it reads. */
interface Input {
  readonly ResourceArn: string;
  readonly Tags: readonly Tag[];
  readonly TagKeys: readonly string[];
  readonly PermissionSetArn: string;
  readonly PermissionsBoundary: unknown;
  readonly ProvisionPermissionSetRequestId: string;
  readonly MembershipId: string;
  readonly definition: string;
}
