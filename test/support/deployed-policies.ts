import type { PolicyDocument } from '../../src/iam/policy.ts';
import { list } from '../../src/iam/policy.ts';
import { askEmulator, askIam } from './emulator-calls.ts';
import type { EmulatorShim } from './emulator-shim.ts';

/** A role as IAM has it, its inline policies as one. */
export interface DeployedRole {
  readonly path: string;
  readonly maxSessionSeconds: number;
  readonly boundary: string | undefined;
  readonly trust: readonly unknown[];
  readonly statements: readonly unknown[];
}

/** Asked of the emulator's IAM, by no way of Terraform's. `rename` is told each document before it is read: for ids. */
export async function deployedRole(
  emulator: EmulatorShim,
  account: string,
  RoleName: string,
  rename: (document: string) => string,
): Promise<DeployedRole> {
  const role = await askIam(emulator, account, { Action: 'GetRole', RoleName });
  const listed = await askIam(emulator, account, { Action: 'ListRolePolicies', RoleName });
  const policies = await Promise.all(
    listed('member').map(async (PolicyName) => {
      const policy = await askIam(emulator, account, { Action: 'GetRolePolicy', RoleName, PolicyName });
      return parse(rename(`${policy('PolicyDocument')[0]}`));
    }),
  );
  return {
    path: `${role('Path')[0]}`,
    maxSessionSeconds: Number(role('MaxSessionDuration')[0]),
    boundary: role('PermissionsBoundaryArn')[0],
    trust: meaningOf([parse(`${role('AssumeRolePolicyDocument')[0]}`)]),
    statements: meaningOf(policies),
  };
}

export interface DeployedPermissionSet {
  readonly description: string;
  readonly session: string;
  /** Name and path of the policy, in whatever account. */
  readonly boundary: string | undefined;
  readonly statements: readonly unknown[];
}

/** Name → what the emulator's Identity Center has of it. */
export async function deployedPermissionSets(
  emulator: EmulatorShim,
  InstanceArn: string,
  rename: (document: string) => string,
): Promise<ReadonlyMap<string, DeployedPermissionSet>> {
  const ask = <Output>(operation: string, input: object = {}) =>
    askEmulator<Output>(emulator, {
      account: '999999999999',
      service: 'sso',
      target: `SWBExternalService.${operation}`,
      body: { InstanceArn, ...input },
    });
  const { PermissionSets } = await ask<{ PermissionSets: string[] }>('ListPermissionSets', {
    MaxResults: 100,
  });
  const sets = PermissionSets.map(async (PermissionSetArn): Promise<[string, DeployedPermissionSet]> => {
    const { PermissionSet } = await ask<{
      PermissionSet: { Name: string; Description: string; SessionDuration: string };
    }>('DescribePermissionSet', { PermissionSetArn });
    const inline = await ask<{ InlinePolicy: string }>('GetInlinePolicyForPermissionSet', {
      PermissionSetArn,
    });
    const boundary = await ask<Boundary>('GetPermissionsBoundaryForPermissionSet', {
      PermissionSetArn,
    }).catch(() => undefined);
    const reference = boundary?.PermissionsBoundary.CustomerManagedPolicyReference;
    return [
      PermissionSet.Name,
      {
        description: PermissionSet.Description,
        session: PermissionSet.SessionDuration,
        boundary: reference && `${reference.Path}${reference.Name}`,
        statements: meaningOf(inline.InlinePolicy === '' ? [] : [parse(rename(inline.InlinePolicy))]),
      },
    ];
  });
  return new Map(await Promise.all(sets));
}

interface Boundary {
  readonly PermissionsBoundary: {
    readonly CustomerManagedPolicyReference: { readonly Name: string; readonly Path: string };
  };
}

const parse = (text: string) => JSON.parse(text) as PolicyDocument;

/**
 * The statements of policies in a form that is the same for what means the same: IAM minds neither their order, nor that of
 * what stands in a list, nor whether a single element is in one.
 */
export function meaningOf(policies: readonly PolicyDocument[]): readonly unknown[] {
  return policies
    .flatMap(({ Statement }) => list<unknown>(Statement).map(plain))
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    const sorted = value.map(plain).toSorted();
    return sorted.length === 1 ? sorted[0] : sorted;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}
