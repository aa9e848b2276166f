import type { Change } from '../../breakglass/protocol/change.ts';
import type { Config } from '../../config/config.ts';
import { type DatabaseRequest, requestDatabase } from '../database-request.ts';

/** What a change names of its database, out of forge.yaml: compared by whoever approves it, and where it is run. */
export type ChangeTarget = Pick<Change, 'target' | 'server' | 'database' | 'user'>;

/** Undefined: it is none of forge.yaml. */
export function changeTarget(config: Config, request: DatabaseRequest): ChangeTarget | undefined {
  const { environment, locator, database, user } = request;
  const configured = [...(environment?.databases.values() ?? [])].find(
    (one) =>
      requestDatabase(config, `${one.environment}/${one.name}`, { write: true, change: true }, nowhere)
        .name === request.name,
  );
  if (environment === undefined || configured === undefined) return undefined;
  return {
    target: `${environment.name}/${configured.name}`,
    server: locator.kind === 'endpoint' ? `host ${locator.host}` : `${locator.kind} ${locator.identifier}`,
    database,
    user,
  };
}

const nowhere = { env: undefined, variables: {} } as const;

/** Where the change is run, by this machine's forge.yaml. Throws usage where that does not know the target. */
export function requestOfChange(
  config: Config,
  change: ChangeTarget,
  statementTimeout?: number,
): DatabaseRequest {
  const flags = { write: true, change: true, statementTimeout };
  return requestDatabase(config, change.target, flags, nowhere);
}

/** What this forge.yaml says otherwise than the change, in a sentence; undefined: nothing. */
export function targetProblem(config: Config, change: ChangeTarget): string | undefined {
  let here: ChangeTarget | undefined;
  try {
    here = changeTarget(config, requestOfChange(config, change));
  } catch (error) {
    return `forge.yaml here does not know ${change.target}. ${error instanceof Error ? error.message : ''}`.trim();
  }
  const differs = (['server', 'database', 'user'] as const).find((name) => here?.[name] !== change[name]);
  if (differs === undefined) return undefined;
  return `${change.target} has another ${differs} in forge.yaml here: ${here?.[differs] ?? 'none'}, not ${change[differs]}.`;
}
