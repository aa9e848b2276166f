import type { Change } from '../../breakglass/protocol/change.ts';
import type { Person } from '../../breakglass/protocol/document-parts.ts';
import { shortId } from '../../breakglass/protocol/ids.ts';
import { alreadyRun, type FoundRun } from '../../breakglass/request/claim-run.ts';
import type { LoadedRequest } from '../../breakglass/request/load-request.ts';
import { whyNot } from '../../breakglass/request/wait-for-approval.ts';
import type { Config } from '../../config/config.ts';
import { ForgeError } from '../../errors.ts';
import { isoSeconds } from '../../lib/iso-seconds.ts';
import { changeProblem } from './change-problem.ts';
import { targetProblem } from './change-target.ts';
import type { ChangeText } from './change-text.ts';

/** What is to be run, by whom, and what was typed beside its id. */
export interface RunQuestion {
  readonly config: Config;
  readonly loaded: LoadedRequest;
  readonly person: Person;
  /** Of an earlier run. */
  readonly run: FoundRun | undefined;
  /** --env */
  readonly environment: string | undefined;
  /** The file that was named, to be compared. */
  readonly file: ChangeText | undefined;
  readonly expectRows: number | undefined;
}

/**
 * The change, if it may be run now. Pure. Throws NOT_A_CHANGE, NOT_YOURS, ALREADY_RUN, AWAITING_APPROVAL, what whyNot says of
 * requests that give no access, CHANGE_ELSEWHERE, CHANGE_EDITED, OTHER_EXPECTATION, UNSOUND_CHANGE.
 */
export function checkRun(question: RunQuestion): Change {
  const { config, loaded, person, run } = question;
  const { request, state, id } = loaded;
  const short = shortId(id);
  const { change } = request;
  if (change === undefined) {
    throw new ForgeError('usage', `${short} asks for access, not for a change to data.`, {
      code: 'NOT_A_CHANGE',
      hint: `Go in with it: forge breakglass resume ${short}`,
    });
  }
  if (request.requester.userId !== person.userId) {
    throw denied(
      'NOT_YOURS',
      `${short} is run by whoever asked for it, ${request.requester.userName}.`,
      `More: forge db changes ${short}`,
    );
  }
  // Before its state: a run that is over has given the access back.
  if (run !== undefined) throw alreadyRun(id, ` That was at ${isoSeconds(run.at)}.`);
  if (state.status === 'waiting') {
    throw new ForgeError('awaiting-approval', `${short} is not approved yet.`, {
      code: 'AWAITING_APPROVAL',
      hint: `An approver types: forge db approve ${id}`,
    });
  }
  if (state.status !== 'granted') throw whyNot(loaded);
  refuseOther(question, change, short);
  const problem = targetProblem(config, change) ?? changeProblem(change.text);
  if (problem === undefined) return change;
  throw denied(
    'UNSOUND_CHANGE',
    `${short} can't be run here. ${problem}`,
    'Nothing was run. Ask anew: forge db request --help',
  );
}

/** What was typed beside the id must be what was approved. */
function refuseOther(
  { environment, file, expectRows, loaded }: RunQuestion,
  change: Change,
  short: string,
): void {
  const approved = loaded.request.environment;
  const { target, sha256 } = change;
  if (environment !== undefined && environment !== approved) {
    throw denied(
      'CHANGE_ELSEWHERE',
      `${short} is approved for ${target}, not for ${environment}.`,
      'Another target needs a request and an approval of its own: forge db request --help',
    );
  }
  if (file !== undefined && file.sha256 !== sha256) {
    throw denied(
      'CHANGE_EDITED',
      `The file is not what was approved as ${short}: its SHA-256 is ${file.sha256}, approved is ${sha256}.`,
      `What was approved: forge db changes ${short}. Another text needs an approval of its own: forge db request --help`,
    );
  }
  if (expectRows !== undefined && change.expectRows !== undefined && expectRows !== change.expectRows) {
    throw denied(
      'OTHER_EXPECTATION',
      `${short} is approved for ${change.expectRows} rows, not for ${expectRows}.`,
      'Leave out --expect-rows: what was approved is compared.',
    );
  }
}

const denied = (code: string, message: string, hint: string): ForgeError =>
  new ForgeError('denied', message, { code, hint });
