import type { PolicyDocument } from '../iam/policy.ts';
import type { IamUser, Person, Role } from './organisation.ts';

/** Who signed a request: an IAM user, or a role's session. */
export type Principal = UserPrincipal | RolePrincipal;

interface AnyPrincipal {
  readonly account: string;
  /** What GetCallerIdentity says. */
  readonly arn: string;
  readonly userId: string;
  /** When MFA was given, epoch milliseconds; undefined: without MFA. */
  readonly mfaAt: number | undefined;
}

export interface UserPrincipal extends AnyPrincipal {
  readonly kind: 'user';
  readonly user: IamUser;
}

export interface RolePrincipal extends AnyPrincipal {
  readonly kind: 'role';
  readonly role: Role;
  readonly sessionName: string;
  readonly sourceIdentity: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Those of `tags` that the next role in a chain inherits, as they were written. */
  readonly transitiveTagKeys: readonly string[];
  /** Policy and PolicyArns of the AssumeRole: what is allowed is what all of them and the role allow. */
  readonly sessionPolicies: readonly PolicyDocument[];
  /** The person, when the session came from Identity Center itself and not by AssumeRole from there. */
  readonly person: Person | undefined;
}

/** Keys that the stand-in issued: all it knows of them, secret included. */
export interface IssuedKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Undefined for the long-term keys of an IAM user. */
  readonly sessionToken: string | undefined;
  readonly issuedAt: number;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresAt: number | undefined;
  readonly principal: Principal;
}
