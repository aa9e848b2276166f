import { type Access, type AccessParts, withAccess } from '../access/with-access.ts';
import { ForgeError } from '../errors.ts';
import { observeAws } from '../identity/observe-aws.ts';
import { durationText } from '../lib/duration-text.ts';
import { noBastionCodes } from '../ssm/find-bastion.ts';
import { accessRequest, type DatabasePurpose } from './access-request.ts';
import type { DatabaseRequest } from './database-request.ts';
import { type DatabaseRoute, openRoute } from './database-route.ts';
import { type DatabaseConnection, resolveEndpoint } from './endpoint.ts';
import { isWatched, openGate } from './gate/open-gate.ts';
import { type DatabaseStep, openDatabase } from './open-database.ts';
import type { ServerFacts } from './server-facts.ts';
import type { Dial } from './wire/open-database-socket.ts';

export const checkSteps = ['credentials', 'endpoint', 'dns', 'tcp', 'tls', 'login', 'session'] as const;
/** `tunnel`: the other way to it, through a bastion, where there is one. */
export type CheckStepName = 'name' | 'tunnel' | (typeof checkSteps)[number];

export interface CheckStep {
  readonly step: CheckStepName;
  readonly status: 'ok' | 'failed' | 'skipped';
  /** Null where it was skipped. */
  readonly milliseconds: number | null;
  /** What was found; for a failed one, why. */
  readonly detail: string;
  /** What to do. */
  readonly hint: string | null;
}

export interface CheckReport {
  readonly steps: readonly CheckStep[];
  readonly failure: ForgeError | undefined;
}

/** Where a tunnel may be taken, what takes longer directly would not be: nobody should wait for more to hear it. */
const directAnswerMs = 3_000;

/**
 * Goes all the way to a database, step by step, and tells how far it came. Every step has a time limit, so it
 * ends whatever answers, or does not. Rejects only when it is interrupted.
 */
export async function checkDatabase(
  parts: AccessParts,
  request: DatabaseRequest,
  purpose: DatabasePurpose,
  onStep: (step: CheckStep) => void,
): Promise<CheckReport> {
  const { host } = parts;
  const observed = observeAws(parts);
  const steps: CheckStep[] = [];
  let started = host.monotonic();
  const report = (step: CheckStep) => {
    steps.push(step);
    onStep(step);
    started = host.monotonic();
  };
  /** Failures that stand in a step already. */
  const told = new Set<ForgeError>();
  const elapsed = () => Math.round(host.monotonic() - started);
  const ok = (step: CheckStepName, detail: string) =>
    report({ step, status: 'ok', milliseconds: elapsed(), detail, hint: null });
  ok('name', describeRequest(request));
  try {
    await withAccess(observed, accessRequest(request, purpose), async (access) => {
      ok('credentials', describeAccess(access, host.now()));
      const connection = await resolveEndpoint(observed, access.credentials, request, { fresh: true });
      ok('endpoint', describeConnection(connection));
      await using gate = isWatched(request, access) ? await openGate(observed, access, request) : undefined;
      const open = async (dial: Dial | undefined, answerMs?: number) => {
        await using session = await openDatabase(observed, access, connection, {
          signal: host.signal,
          dial,
          answerMs,
          gate,
          onStep: (step) => {
            const [name, detail] = describeStep(step, host.now());
            // Of a tunnel, a step of its own has said it.
            if (name !== undefined && !(name === 'tcp' && dial !== undefined)) ok(name, detail);
          },
        });
        ok('session', describeServer(session.server, connection));
      };
      const direct = request.via === 'tunnel' ? undefined : await tryDirectly(open);
      if (request.via !== 'direct') await tryTunnel(connection, open, direct);
    });
    return { steps, failure: undefined };
  } catch (error) {
    if (host.signal.aborted || !(error instanceof ForgeError)) throw error;
    if (!told.has(error)) reportFailure(missing()[0] ?? 'session', error);
    for (const step of missing()) {
      report({ step, status: 'skipped', milliseconds: null, detail: '', hint: null });
    }
    return { steps, failure: error };
  }

  /** Why the endpoint is not reached, where another way may be found; throws everything else. */
  async function tryDirectly(
    open: (dial: undefined, answerMs: number | undefined) => Promise<void>,
  ): Promise<ForgeError | undefined> {
    const alone = request.via === 'direct' || (request.environment ?? request.bastion) === undefined;
    try {
      await open(undefined, alone ? undefined : directAnswerMs);
      return undefined;
    } catch (error) {
      const reached = steps.some(({ step }) => step === 'tls');
      if (request.via === 'direct' || reached || !(error instanceof ForgeError)) throw error;
      if (host.signal.aborted || error.kind !== 'unreachable') throw error;
      reportFailure(missing()[0] ?? 'tcp', error);
      return error;
    }
  }

  /** Goes on through it where the direct way has failed; else only says whether it is there. */
  async function tryTunnel(
    connection: DatabaseConnection,
    open: (dial: Dial | undefined) => Promise<void>,
    direct: ForgeError | undefined,
  ): Promise<void> {
    const needed = direct !== undefined || request.via === 'tunnel';
    let route: DatabaseRoute | undefined;
    await using _route = { [Symbol.asyncDispose]: async () => route?.[Symbol.asyncDispose]() };
    try {
      route = await openRoute(parts, connection, purpose, 'tunnel');
      const dialed = await route.dial?.(host.signal, async () => {});
      dialed?.stream.destroy();
      ok('tunnel', dialed?.address ?? '');
    } catch (error) {
      if (host.signal.aborted || !(error instanceof ForgeError)) throw error;
      if (!needed && noBastionCodes.has(error.code)) return;
      reportFailure('tunnel', error);
      if (needed) throw direct ?? error;
      return;
    }
    if (needed) await open(route.dial);
  }

  function missing(): readonly CheckStepName[] {
    const done = new Set(steps.map(({ step }) => step));
    return checkSteps.filter((step) => !done.has(step));
  }

  function reportFailure(step: CheckStepName, error: ForgeError): void {
    told.add(error);
    // Without the advice to run this very command.
    const hint = error.hint?.replace(/\s*Find out where it stops: .*$/, '') || null;
    report({ step, status: 'failed', milliseconds: elapsed(), detail: error.message, hint });
  }
}

function describeRequest({ name, locator, endpoint, user, database, environment }: DatabaseRequest): string {
  const where =
    locator.kind === 'endpoint'
      ? locator.host
      : `${locator.kind === 'cluster' ? `${endpoint} of cluster` : 'instance'} ${locator.identifier}`;
  const account = environment === undefined ? '' : ` in ${environment.account}`;
  return `${name}: ${where}${account}, database ${database} as ${user}`;
}

function describeAccess({ credentials }: Access, now: number): string {
  const { expiration, callerArn, source } = credentials;
  const left = expiration === undefined ? '' : `, ${durationText(expiration - now)} left`;
  return `${callerArn ?? source}${left}`;
}

function describeConnection({ host, address, port, caSource }: DatabaseConnection): string {
  const through = address === host ? '' : ` through ${address}`;
  return `${host}:${port}${through}, authorities: ${caSource}`;
}

/** The token costs nothing, and its step is told with the login that uses it. */
function describeStep(step: DatabaseStep, now: number): [CheckStepName | undefined, string] {
  switch (step.name) {
    case 'dns':
      return ['dns', step.addresses.join(', ')];
    case 'tcp':
      return ['tcp', step.address];
    case 'tls': {
      const { subject, issuer, validTo } = step.certificate;
      const days = Math.floor((validTo - now) / 86_400_000);
      return ['tls', `${step.protocol}, ${subject} by ${issuer}, ${days} days left`];
    }
    case 'login':
      return ['login', 'RDS took the IAM token'];
    case 'token':
      return [undefined, ''];
  }
}

function describeServer(
  { version, database, user, standby, readOnly }: ServerFacts,
  connection: DatabaseConnection,
): string {
  const place = standby ? 'a reader' : 'a writer';
  const mode = readOnly ? 'read-only' : 'read-write';
  const asked = connection.request.production && !connection.request.write && !standby ? ' by setting' : '';
  return `PostgreSQL ${version}, ${place}, database ${database} as ${user}, ${mode}${readOnly ? asked : ''}`;
}
