import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../audit/audit-events.ts';
import { appendToJournal } from '../audit/journal.ts';
import { uninterrupted } from '../audit/uninterrupted.ts';
import { awsErrorName } from '../aws/aws-error.ts';
import { BreakGlassNeeded } from '../breakglass/request/break-glass-needed.ts';
import type { Config, Environment, RoleStep } from '../config/config.ts';
import { ForgeError } from '../errors.ts';
import { credentialsFor, stsRegion } from '../identity/environment-credentials.ts';
import type { IdentityParts } from '../identity/identity-parts.ts';
import { personName } from '../identity/person.ts';
import type { RoleCredentials } from '../identity/role-credentials.ts';
import { verifiedCaller } from '../identity/verified-caller.ts';
import { checkCaller } from './check-caller.ts';
import { afterCut, areCut, isCut, mayBeCut, pastOwnCut } from './cut-keys.ts';
import { grantedAccess } from './granted-access.ts';
import { refusal } from './may-i.ts';

const brand: unique symbol = Symbol('access');

/** Leave to use keys for one purpose: checked and recorded. Only withAccess makes one. */
export interface Access {
  readonly [brand]: true;
  /** Names the opening and the closing record. */
  readonly id: string;
  /** Break-glass session that it was made in: in each event of the access. */
  readonly breakglass: string | undefined;
  readonly target: { readonly name: string; readonly environment: Environment | undefined };
  readonly credentials: RoleCredentials;
  readonly region: string;
  /** In RoleSessionName, in the database's application_name and in the journal. */
  readonly person: string;
  readonly reason: string | undefined;
  /** Keys of the same person and role that last longer: for what outlives `credentials`. Asks AWS when it must. */
  renew(): Promise<RoleCredentials>;
}

export interface AccessParts extends IdentityParts {
  readonly config: Config;
}

export interface AccessRequest {
  readonly environment: Environment | undefined;
  /** As people name it: `dev/shop`, or a host name when there is no configuration. */
  readonly targetName: string;
  readonly region: string;
  readonly profile?: string | undefined;
  /** Nothing stays open after `use`: its opening record says it all. */
  readonly momentary?: boolean;
  /** Assumed after the environment's own chain. */
  readonly roles: readonly RoleStep[];
  /** Words of the command, e.g. `db connect`. */
  readonly purpose: string;
  /** What is run with the access, in words that hold no values: `kubectl get pods`. */
  readonly program?: string | undefined;
  readonly reason: string | undefined;
  readonly write: boolean;
  readonly reasonNeeded?: boolean | undefined;
  readonly mfaCode?: string | undefined;
  /** Ask AWS for new keys even where the cache has some. */
  readonly fresh?: boolean | undefined;
}

/**
 * The only door: may I? → credentials → are they the right ones? → opening record → `use` → closing record. In
 * production no record means no access; elsewhere a journal that can't be written is a warning.
 */
export async function withAccess<Value>(
  parts: AccessParts,
  request: AccessRequest,
  use: (access: Access) => Promise<Value>,
): Promise<Value> {
  const { config, host } = parts;
  const { environment, purpose } = request;
  using granted = await grantedAccess(host, environment, parts.grant);
  const reason = request.reason ?? granted?.reason;
  // Who has standing access, only AWS knows: whoever has none is told how to ask for it, before what else is missing.
  const standing = environment?.permissionSet !== undefined && granted === undefined;
  const rule = { ...request, reason, granted: granted !== undefined, grant: parts.grant, config };
  const refused = refusal({ ...rule, reasonNeeded: request.reasonNeeded && !standing });
  const id = randomUUID();
  const facts = {
    id,
    target: request.targetName,
    environment: environment?.name,
    purpose,
    program: request.program,
    write: request.write,
    reason,
    breakglass: granted?.id,
  };
  if (refused !== undefined) {
    // The command begins anew within the grant, and is recorded then.
    if (parts.grant !== undefined && refused instanceof BreakGlassNeeded) throw refused;
    await tryRecord(parts, { type: 'access.refused', ...facts, person: host.userName, code: refused.code });
    throw refused;
  }
  const obtain = async (asking: AccessParts, keys = granted?.credentials) => {
    const { profile } = request;
    const credentials = await credentialsFor(asking, { ...request, config, profile, granted: keys });
    return check(asking, request, credentials);
  };
  /** Nothing is done with keys yet: here they can be had anew without asking the person. */
  async function obtainUncut() {
    if (granted === undefined) return obtain(parts);
    try {
      const credentials = await obtain(parts);
      const assumed = [...(environment?.roleChain ?? []), ...request.roles].length > 0;
      if (assumed || !(await areCut(parts, request.region, credentials))) return credentials;
    } catch (error) {
      if (!mayBeCut(error, granted)) throw error;
    }
    await pastOwnCut(parts);
    return obtain(parts, granted.renewed);
  }
  const checked = await obtainUncut().catch(async (error: unknown) => {
    const needed = notHeld(error, request, config);
    if (needed === undefined) throw error;
    await tryRecord(parts, { type: 'access.refused', ...facts, person: host.userName, code: needed.code });
    throw needed;
  });
  const unexplained = refusal(rule);
  if (unexplained !== undefined) {
    await tryRecord(parts, {
      type: 'access.refused',
      ...facts,
      person: host.userName,
      code: unexplained.code,
    });
    throw unexplained;
  }
  const person = personName(checked.callerArn, host.userName);
  const opened: AuditEvent = {
    type: 'access.opened',
    ...facts,
    person,
    caller: checked.callerArn,
    source: checked.source,
    keyId: checked.accessKeyId,
  };
  await recordOpening(parts, opened, environment?.production === true);
  const started = host.monotonic();
  const close = (outcome: string, code?: string) =>
    tryRecord(parts, {
      type: 'access.closed',
      id,
      breakglass: granted?.id,
      outcome,
      code,
      milliseconds: Math.round(host.monotonic() - started),
    });
  const access: Access = {
    [brand]: true,
    id,
    breakglass: granted?.id,
    target: { name: request.targetName, environment },
    credentials: checked,
    region: request.region,
    person,
    reason,
    async renew() {
      // The terminal belongs to a shell or a program now: nothing may be asked there.
      const renewed = await obtain({ ...parts, prompt: neverAsks(parts.prompt) });
      // Somebody else may have signed in in another window: what is open was opened by, and recorded for, one person.
      if (personName(renewed.callerArn, host.userName) === person) return renewed;
      throw new ForgeError('denied', `${person} is no longer who is signed in.`, {
        code: 'PERSON_CHANGED',
        hint: 'Sign in again as the same person, or start anew: forge whoami',
      });
    },
  };
  try {
    const value = await use(access);
    if (request.momentary !== true) await close('ended');
    return value;
  } catch (error) {
    await close('failed', error instanceof ForgeError ? error.code : 'INTERNAL');
    throw granted === undefined || !isCut(error) ? error : await afterCut(error, granted);
  }
}

/** Some have standing access to this production, and the person has not: they ask as for all of it. */
function notHeld(
  error: unknown,
  { environment, purpose, profile }: AccessRequest,
  { breakGlass }: Config,
): ForgeError | undefined {
  if (environment?.production !== true || profile !== undefined || !(error instanceof ForgeError))
    return undefined;
  // The portal's word for a permission set that is not assigned.
  if (awsErrorName(error) !== 'ForbiddenException') return undefined;
  const needed = new BreakGlassNeeded(breakGlass, environment, purpose, error);
  return needed.wish && needed;
}

function neverAsks(prompt: AccessParts['prompt']): AccessParts['prompt'] {
  const refuse = async (question: { readonly message: string }) => {
    throw new ForgeError('signed-out', `Can't ask "${question.message}" while something else is running.`, {
      code: 'INPUT_NEEDED',
      hint: 'forge login',
    });
  };
  return { ...prompt, possible: false, text: refuse, secret: refuse, confirm: refuse, select: refuse };
}

/** Without an environment nothing says whose the keys should be, and AWS is not asked. */
async function check(
  parts: AccessParts,
  request: AccessRequest,
  credentials: RoleCredentials,
): Promise<RoleCredentials> {
  const { environment } = request;
  if (environment === undefined) return credentials;
  const verified = await verifiedCaller(parts, credentials, stsRegion(parts, request));
  checkCaller(verified, environment, [...environment.roleChain, ...request.roles]);
  return verified;
}

async function recordOpening(parts: AccessParts, event: AuditEvent, production: boolean): Promise<void> {
  try {
    await appendToJournal(parts.host, event);
  } catch (error) {
    parts.host.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    if (!production) return parts.output.warn(`This access is not in the journal. ${why}`);
    throw new ForgeError('failed', `Can't open production without a record of it. ${why}`, {
      code: 'JOURNAL_FAILED',
      hint: error instanceof ForgeError ? error.hint : undefined,
      cause: error,
    });
  }
}

/** Closing records are written also when the person has pressed Ctrl-C: nothing may cut them short. */
async function tryRecord(parts: AccessParts, event: AuditEvent): Promise<void> {
  try {
    await appendToJournal(uninterrupted(parts.host), event);
  } catch (error) {
    parts.output.debug(`not in the journal: ${error instanceof Error ? error.message : String(error)}`);
  }
}
