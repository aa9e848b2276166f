/** An ARN of STS or IAM that names a caller or a role, taken apart. */
export interface CallerArn {
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  /** 12 digits. */
  readonly account: string;
  readonly kind: 'assumed-role' | 'role' | 'user' | 'federated-user' | 'root';
  /** Name of the role or user without its path; `root` for the root user. */
  readonly name: string;
  /** Role session name; undefined for all but assumed roles. */
  readonly sessionName: string | undefined;
  /** Permission set, when the role is one that Identity Center made. */
  readonly permissionSet: string | undefined;
}

/**
 * `arn:aws:sts::<account>:assumed-role/<role>/<session name>`, `arn:aws:iam::<account>:user/<path>/<name>`, …
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
export function parseCallerArn(arn: string): CallerArn | undefined {
  const match = /^arn:(aws[\w-]*):(?:sts|iam)::(\d{12}):(root|[a-z-]+\/.+)$/.exec(arn);
  const [, partition, account, resource] = match ?? [];
  if (partition === undefined || account === undefined || resource === undefined) return undefined;
  const [kind = '', ...path] = resource.split('/');
  if (kind === 'root' && path.length === 0) {
    return { partition, account, kind, name: 'root', sessionName: undefined, permissionSet: undefined };
  }
  if (kind === 'assumed-role') {
    const [name, sessionName] = path;
    if (!name || !sessionName || path.length !== 2) return undefined;
    return { partition, account, kind, name, sessionName, permissionSet: permissionSetOf(name) };
  }
  if (kind === 'role' || kind === 'user' || kind === 'federated-user') {
    const name = path.at(-1);
    if (!name) return undefined;
    return { partition, account, kind, name, sessionName: undefined, permissionSet: permissionSetOf(name) };
  }
  return undefined;
}

/** Identity Center names its roles `AWSReservedSSO_<permission set>_<16 hex digits>`; the name may hold `_` too. */
function permissionSetOf(roleName: string): string | undefined {
  return /^AWSReservedSSO_(.+)_[0-9a-f]{16}$/.exec(roleName)?.[1];
}
