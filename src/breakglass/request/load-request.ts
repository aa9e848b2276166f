import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { findGrantRule, type GrantRule } from '../grant/grant-rule.ts';
import { findKill, isEnded, type ListedRequest, readDecisions, readDocument } from '../intake.ts';
import { sha256 } from '../protocol/document.ts';
import { type RequestId, shortId } from '../protocol/ids.ts';
import type { Kill } from '../protocol/kill.ts';
import { parseRequest } from '../protocol/request.ts';
import { type RequestPapers, type RequestState, requestState } from './request-state.ts';

/** A request with all that is known of it. */
export interface LoadedRequest extends RequestPapers {
  readonly id: RequestId;
  /** SHA-256 of the exact bytes. */
  readonly digest: string;
  /** Who stopped it; undefined: nobody. */
  readonly killed: Kill | undefined;
  readonly rule: GrantRule | undefined;
  readonly state: RequestState;
}

/** Throws failed REQUEST_GONE, and denied REQUEST_UNREADABLE for bytes that are no request. */
export async function loadRequest(
  place: BreakGlassPlace,
  caller: AccessCaller,
  listed: Pick<ListedRequest, 'key' | 'id' | 'userId'>,
): Promise<LoadedRequest> {
  const { id, userId, key } = listed;
  const stored = await readDocument(caller, key);
  if (stored === undefined) {
    throw new ForgeError('failed', `The request ${id} is not there any more.`, {
      code: 'REQUEST_GONE',
      hint: 'What there is: forge breakglass list',
    });
  }
  const parsed = parseRequest(stored.bytes);
  if (!parsed.ok || parsed.value.id !== id || parsed.value.requester.userId !== userId) {
    const why = parsed.ok ? 'it names another request or person than its place does' : parsed.problem;
    throw new ForgeError('denied', `${shortId(id)} is no request that can be decided: ${why}.`, {
      code: 'REQUEST_UNREADABLE',
      hint: `Ask its writer, whose id is ${userId}, how it came about. What else there is: forge breakglass list`,
    });
  }
  const request = parsed.value;
  const [decisions, ended, killed] = await Promise.all([
    readDecisions(caller, request.tier, id),
    isEnded(caller, userId, id),
    findKill(caller, id),
  ]);
  const rule = findGrantRule(place.breakGlass, request);
  const papers = { request, stored, decisions, ended: ended || killed !== undefined };
  return {
    ...papers,
    id,
    killed,
    digest: sha256(stored.bytes),
    rule,
    state: requestState(papers, rule, caller.aws.now()),
  };
}
