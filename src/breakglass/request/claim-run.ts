import { ForgeError } from '../../errors.ts';
import type { AccessCaller } from '../access-account.ts';
import { findObject, readDocument, writeDocument } from '../intake.ts';
import type { Change } from '../protocol/change.ts';
import type { Person } from '../protocol/document-parts.ts';
import { type RequestId, shortId } from '../protocol/ids.ts';
import { runKey } from '../protocol/keys.ts';
import { encodeRun, parseRun } from '../protocol/run.ts';

/** The run of a change that has begun. */
export interface FoundRun {
  /** Names its events in the journal of whoever ran it; undefined: what is there can't be read. */
  readonly run: string | undefined;
  /** Epoch milliseconds, the bucket's clock. */
  readonly at: number;
}

/** Undefined: it has not been run. */
export async function findRun(
  caller: AccessCaller,
  userId: string,
  id: RequestId,
): Promise<FoundRun | undefined> {
  const key = runKey(userId, id);
  const found = await findObject(caller, key);
  if (found === undefined) return undefined;
  const stored = await readDocument(caller, key);
  const parsed = stored && parseRun(stored.bytes);
  return { run: parsed?.ok === true ? parsed.value.claim : undefined, at: found.lastModified };
}

/**
 * Takes the one run of a change, before anything of it reaches the database. Of two that begin at once, on whatever
 * machines, the bucket lets one: throws denied ALREADY_RUN for the other. `run`: a UUID made for this run.
 */
export async function claimRun(
  caller: AccessCaller,
  person: Person,
  id: RequestId,
  { sha256 }: Change,
  run: string,
): Promise<void> {
  const claim = { v: 1, kind: 'run', requestId: id, changeSha256: sha256, user: person, claim: run } as const;
  try {
    await writeDocument(caller, runKey(person.userId, id), encodeRun(claim));
  } catch (error) {
    if (!(error instanceof ForgeError) || error.code !== 'ALREADY_WRITTEN') throw error;
    throw alreadyRun(id);
  }
}

export function alreadyRun(id: RequestId, more = ''): ForgeError {
  return new ForgeError('denied', `${shortId(id)} was run already: a change is run once.${more}`, {
    code: 'ALREADY_RUN',
    hint: `What became of it: forge db changes ${shortId(id)}\nFor another run somebody has to approve anew: forge db request --help`,
  });
}
