import { randomUUID } from 'node:crypto';

/** As CloudTrail shows a request or an answer; what is undefined is left out. */
export type EventValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly EventValue[]
  | { readonly [name: string]: EventValue };
export type EventParameters = Readonly<Record<string, EventValue>>;

/** What CloudTrail would have recorded of one call; never a secret. */
export interface CallEvent {
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly time: number;
  /** As an IAM action or a fault names it: sts, rds, sso (the portal), sso-oidc, signin (the pages). */
  readonly service: string;
  readonly name: string;
  readonly account: string | undefined;
  /** ARN or user name of who called; undefined where the API takes no signature. */
  readonly principal: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly sourceIdentity: string | undefined;
  readonly userAgent: string | undefined;
  /** Request parameters and what AWS adds to the event, without secrets. */
  readonly parameters: EventParameters;
  /** CloudTrail's userIdentity; undefined where the API takes no signature. */
  readonly identity?: EventParameters | undefined;
  /** CloudTrail's responseElements: what a call that changed something answered. Never a secret. */
  readonly response?: EventParameters | undefined;
  /** CloudTrail's additionalEventData. */
  readonly additional?: EventParameters | undefined;
  readonly region?: string | undefined;
  /** CloudTrail's resources. */
  readonly resources?: readonly EventResource[] | undefined;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
}

export interface EventResource {
  readonly type: string;
  readonly ARN: string;
  readonly accountId: string;
}

export interface EventLog {
  record(event: Omit<CallEvent, 'eventId' | 'time'>): void;
  all(): readonly CallEvent[];
  /** How often each operation was called: `sts:AssumeRole` → 3. */
  counts(): Readonly<Record<string, number>>;
  /** Called for each event as it happens; the result stops it. */
  subscribe(listener: (event: CallEvent) => void): Disposable;
}

/** Enough for a long rehearsal; a test that loops for hours must not eat the machine. */
const capacity = 50_000;

export function createEventLog(now: () => number): EventLog {
  let events: CallEvent[] = [];
  const counts = new Map<string, number>();
  const listeners = new Set<(event: CallEvent) => void>();
  return {
    record(partial) {
      const event = { ...partial, eventId: randomUUID(), time: now() };
      events.push(event);
      if (events.length > capacity) events = events.slice(capacity / 2);
      const key = `${event.service}:${event.name}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      for (const listener of listeners) listener(event);
    },
    all: () => events,
    counts: () => Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b))),
    subscribe(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
}
