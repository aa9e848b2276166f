import { shortId } from '../../breakglass/protocol/ids.ts';
import type { LoadedRequest } from '../../breakglass/request/load-request.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { changeFacts, changeText } from '../../db/change/change-lines.ts';
import { changeProblem } from '../../db/change/change-problem.ts';
import { targetProblem } from '../../db/change/change-target.ts';
import { ForgeError } from '../../errors.ts';

/** What a request wants to run, as it is shown beside who asks and why. Of other requests nothing. Unescaped. */
export function changeReview(
  config: Config,
  { request }: LoadedRequest,
): readonly (readonly [string, string])[] {
  const { change } = request;
  if (change === undefined) return [];
  return [
    ...changeFacts(change),
    ...againstChange(config, request).map((problem) => ['Against it', problem] as const),
  ];
}

/** The whole text: whoever approves it has seen it, with whatever command. */
export function showChangeText({ output }: Pick<Context, 'output'>, { request }: LoadedRequest): void {
  if (request.change !== undefined) output.instruct(`\n${changeText(request.change)}\n`);
}

/** Throws denied UNSOUND_CHANGE for what could not be run, or not where the approver's forge.yaml says. */
export function refuseUnsoundChange(config: Config, { request, id }: LoadedRequest): void {
  const [first] = againstChange(config, request);
  if (first === undefined) return;
  throw new ForgeError('denied', `${shortId(id)} can't be approved. ${first}`, {
    code: 'UNSOUND_CHANGE',
    hint: `Refuse it: forge db deny ${shortId(id)}`,
  });
}

function againstChange(config: Config, { change, environment }: LoadedRequest['request']): readonly string[] {
  if (change === undefined) return [];
  const elsewhere = change.target.startsWith(`${environment}/`)
    ? undefined
    : `${change.target} is not in ${environment}, which is asked for.`;
  return [elsewhere, targetProblem(config, change), changeProblem(change.text)].filter(
    (problem) => problem !== undefined,
  );
}
