import type { PolicyDocument } from '../iam/policy.ts';
import {
  type AuthorizationContext,
  authorize,
  authorizeOnResource,
  boundaryOf,
  type Decision,
} from './authorize.ts';
import { createEventLog, type EventLog } from './event-log.ts';
import { createFaults, type Faults } from './faults.ts';
import { createKeyStore, type KeyStore } from './issued-keys.ts';
import { authenticateToken, type TokenVerdict } from './kubernetes/authenticate.ts';
import { createMachine, type Machine } from './machine/machine.ts';
import { createIdentityCenter, type IdentityCenter } from './oidc/identity-center.ts';
import type { EksCluster, Organisation } from './organisation.ts';
import { userArn } from './organisation.ts';
import type { IssuedKeys } from './principal.ts';
import { type RdsTokenRequest, type RdsTokenVerdict, verifyRdsToken } from './rds-token.ts';
import { seedOrganisation } from './seed.ts';
import { createSessionManager, type SessionManager } from './ssm/session-manager.ts';

/**
 * The whole state of the stand-in's AWS in one value: what exists, who holds which keys, what time it is and
 * what happened. Nothing in it listens or writes; servers are put in front of it.
 */
export interface World {
  readonly organisation: Organisation;
  readonly keys: KeyStore;
  readonly events: EventLog;
  readonly faults: Faults;
  readonly identityCenter: IdentityCenter;
  readonly ssm: SessionManager;
  /** What runs by itself: rules, workflow, sweeper. */
  readonly machine: Machine;
  /** The time step of the last code used of each MFA device, by serial number: a code opens once. */
  readonly usedMfaSteps: Map<string, number>;
  /** AWS's clock: the host's plus the offset. */
  now(): number;
  setClockOffset(milliseconds: number): void;
  /** The host's clock, for what must not jump when the sandbox's is moved: rates and delays. */
  hostNow(): number;
  /** The long-term keys of an IAM user of the seed. */
  userKeys(name: string): IssuedKeys;
  /** Identity and session policies say yes to the action on the resource. */
  authorize(keys: IssuedKeys, action: string, resource: string, context?: AuthorizationContext): Decision;
  /** As authorize, for a resource that has a policy of its own: either side's yes, or both across accounts. */
  authorizeOnResource(
    keys: IssuedKeys,
    action: string,
    resource: string,
    ownership: { readonly owner: string; readonly policy: PolicyDocument | undefined },
    context: AuthorizationContext,
  ): Decision;
  /** Whether RDS would let this token in: see rds-token.ts. Never throws. */
  verifyRdsToken(request: RdsTokenRequest): RdsTokenVerdict;
  /** Who calls a cluster's API with this token: kubernetes/authenticate.ts. Never throws. */
  authenticateToken(cluster: EksCluster, token: string): TokenVerdict;
}

export interface WorldOptions {
  /** The host's clock, epoch milliseconds. */
  readonly now: () => number;
  readonly organisation?: Organisation;
}

export function createWorld(options: WorldOptions): World {
  let offset = 0;
  const now = () => options.now() + offset;
  const organisation = options.organisation ?? seedOrganisation();
  const keys = createKeyStore(now);
  const userKeys = new Map(
    organisation.users.map((user) => [
      user.name,
      keys.issueLongTerm({
        kind: 'user',
        account: user.account,
        arn: userArn(user),
        userId: user.id,
        mfaAt: undefined,
        user,
      }),
    ]),
  );
  let machine: Machine | undefined;
  const world: World = {
    get machine() {
      machine ??= createMachine(world);
      return machine;
    },
    organisation,
    keys,
    events: createEventLog(now),
    faults: createFaults(),
    identityCenter: createIdentityCenter(organisation, now, options.now),
    ssm: createSessionManager(now, organisation),
    usedMfaSteps: new Map(),
    now,
    hostNow: options.now,
    setClockOffset: (milliseconds) => {
      offset = milliseconds;
    },
    userKeys(name) {
      const found = userKeys.get(name);
      if (!found) throw new Error(`the sandbox has no IAM user ${name}`);
      return found;
    },
    authorize: (caller, action, resource, context = {}) =>
      authorize({
        now: now(),
        keys: caller,
        action,
        resource,
        context,
        boundary: boundaryOf(organisation, caller),
      }),
    authorizeOnResource: (caller, action, resource, ownership, context) =>
      authorizeOnResource({
        ...ownership,
        now: now(),
        keys: caller,
        action,
        resource,
        context,
        boundary: boundaryOf(organisation, caller),
      }),
    verifyRdsToken: (request) => verifyRdsToken(world, request),
    authenticateToken: (cluster, token) => authenticateToken(world, cluster, token),
  };
  return world;
}
