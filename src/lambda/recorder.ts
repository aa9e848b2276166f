import { isSessionId, type SessionId } from '../breakglass/protocol/ids.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { endedText, stuckText } from '../breakglass/protocol/slack-text.ts';
import { asJsonObject, type JsonObject } from '../lib/json-object.ts';
import { appendRecord } from './chain.ts';
import { keepEvidence } from './keep-evidence.ts';
import { type Opened, openSession } from './open-session.ts';
import type { Ports, Telling, WorkflowInput } from './ports.ts';
import { receiveEvent } from './receive-event.ts';
import { type Exported, keepFile, sealSession } from './seal-session.ts';
import type { TakenAway } from './take-away.ts';
import { channelOf, tellIfPossible, tellNow } from './tell.ts';

/** A step of the workflow (infra/modules/access-account/workflow.asl.json writes these); anything else that comes is an event of EventBridge. */
export type RecorderStep =
  | { readonly step: 'open'; readonly input: WorkflowInput }
  | { readonly step: 'tell'; readonly message: Telling }
  | { readonly step: 'revoke'; readonly session: Session; readonly taken: TakenAway }
  | { readonly step: 'stuck'; readonly session: Session; readonly problem: unknown }
  | { readonly step: 'file'; readonly session: Session; readonly name: string; readonly gzip: string }
  | { readonly step: 'seal'; readonly session: Session; readonly exported: Exported };

/** The only writer of the archive: what is seen, what is done about it, what was collected. Every step can be repeated. */
export async function recorder(ports: Ports, input: unknown): Promise<Opened | JsonObject> {
  const step = asJsonObject(input)?.step;
  if (typeof step !== 'string') {
    await receiveEvent(ports, input);
    return {};
  }
  return runStep(ports, input as RecorderStep);
}

async function runStep(ports: Ports, step: RecorderStep): Promise<Opened | JsonObject> {
  switch (step.step) {
    case 'open':
      return openSession(ports, step.input);
    case 'tell':
      await tellNow(ports, step.message);
      return {};
    case 'revoke':
      await recordRevoke(ports, step.session, step.taken);
      return {};
    case 'stuck':
      await recordStuck(ports, step.session, step.problem);
      return {};
    case 'file':
      await keepFile(ports, idOf(step.session), step.name, step.gzip);
      return {};
    case 'seal': {
      const id = idOf(step.session);
      await keepEvidence(ports, step.session);
      await sealSession(ports, id, step.exported);
      return {};
    }
  }
}

/** Once, and once more when more was taken away since. */
async function recordRevoke(ports: Ports, session: Session, taken: TakenAway): Promise<void> {
  const { membership, tail, terminated, remaining, at, until } = taken;
  await appendRecord(ports.archive, session.id, ({ records }) => {
    const last = records.findLast(({ kind }) => kind === 'revoke');
    // The membership that somebody else had removed by then is no news.
    const news =
      last?.kind !== 'revoke' ||
      (last.body.membership === 'shared' && membership !== 'shared') ||
      (last.body.tail !== 'cut' && tail === 'cut') ||
      last.body.terminated < terminated ||
      last.body.remaining > remaining;
    if (!news) return undefined;
    const cut = tail === 'cut' && until !== undefined ? { until } : {};
    const body = { membership, tail, ...cut, terminated, remaining, at };
    return { kind: 'revoke', at: ports.now(), body };
  });
  if (membership !== 'shared')
    await tellIfPossible(ports, {
      about: `ended-${session.id}`,
      channel: channelOf(ports.policy, session),
      text: endedText(session, Date.parse(at)),
    });
}

/** Shorter than a round of tries, so that each is told, and longer than a step that is run again. */
const stuckSlotMs = 10 * 60_000;

/** The workflow tries for so long before it says that it is stuck. */
const roundMs = 30 * 60_000;

async function recordStuck(ports: Ports, session: Session, problem: unknown): Promise<void> {
  const now = ports.now();
  const attempt = 1 + Math.floor(Math.max(0, now - epoch(session.expiresAt)) / roundMs);
  // Said first: it is what somebody must know, archive or not.
  await tellIfPossible(ports, {
    about: `stuck-${session.id}-${Math.floor(now / stuckSlotMs)}`,
    text: stuckText(session, 'Removing the membership', attempt),
  });
  const failure = asJsonObject(problem);
  const words = [failure?.Error, failure?.Cause].filter((part) => typeof part === 'string').join(': ');
  const text = [...(words || 'it failed')]
    .map((one) => (one < ' ' ? ' ' : one))
    .join('')
    .slice(0, 500);
  await appendRecord(ports.archive, session.id, ({ records }) => {
    const stuck = records.flatMap(({ kind, at }) => (kind === 'stuck' ? [epoch(at)] : []));
    const [first = now, last = first] = [stuck[0], stuck.at(-1)];
    // Each after twice the time of the one before: what lasts for weeks must not make a chain that nobody can read in time.
    if (records.length === 0 || (stuck.length > 0 && now - last < last - first)) return undefined;
    return { kind: 'stuck', at: now, body: { step: 'take-away', problem: text, attempt } };
  });
}

function idOf({ id }: Session): SessionId {
  if (!isSessionId(id)) throw new RangeError(`${String(id)} is no session.`);
  return id;
}
