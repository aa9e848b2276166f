import type { BreakGlassPlace } from '../../breakglass/break-glass-place.ts';
import type { Change } from '../../breakglass/protocol/change.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import type { LoadedRequest } from '../../breakglass/request/load-request.ts';
import { splitChange } from '../../db/change/split-change.ts';
import type { Plan } from '../../terminal/plan.ts';

/** What `--plan` says of a run; pure. */
export function runPlan(
  place: BreakGlassPlace,
  { id, request }: LoadedRequest,
  change: Change,
  dryRun: boolean,
): Plan {
  const { target, user, database, text, expectRows } = change;
  const { length } = splitChange(text).statements;
  const claim = {
    kind: 'aws' as const,
    call: 's3 PutObject',
    action: 's3:PutObject',
    resource: `${place.intakeBucket}/runs/<your id>/${id}.json`,
    why: 'takes the one run, before anything reaches the database',
  };
  return {
    summary: `${dryRun ? 'Try' : 'Run'} ${shortId(id)} on ${target}, in one transaction.`,
    steps: [
      { kind: 'local', what: `get keys of ${request.permissionSet} in ${request.environment}, by the grant` },
      ...(dryRun ? [] : [claim]),
      { kind: 'local', what: `BEGIN, on ${database} as ${user}` },
      {
        kind: 'local',
        what: `run ${length} ${length === 1 ? 'statement' : 'statements'}, SHA-256 ${change.sha256}`,
      },
      ...(expectRows === undefined
        ? []
        : [{ kind: 'local' as const, what: `compare the rows with ${expectRows}` }]),
      { kind: 'local', what: dryRun ? 'ROLLBACK' : 'write the result to the disk as evidence, and COMMIT' },
      ...(dryRun ? [] : [{ kind: 'local' as const, what: 'give the access back' }]),
    ],
    equivalents: [],
  };
}
