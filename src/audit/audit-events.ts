/**
 * Every event that the journal knows, with its version and members; docs/audit-events.md says what they mean, and a test
 * holds it to this table. A member that changes its meaning makes a new version; one that is added does not. `?`: may be
 * missing. `key id`: of an access key, which is no secret and is written as it is, where other text is redacted.
 */
export const auditEvents = {
  'journal.resumed': event(1, { lostBytes: 'number', lostSha256: 'text' }),
  'signin.completed': event(1, { method: 'text', startUrl: 'text', fresh: 'flag' }),
  'access.refused': event(1, { ...access(), person: 'text', code: 'text' }),
  'access.opened': event(1, {
    ...access(),
    person: 'text',
    caller: 'text?',
    source: 'text',
    keyId: 'key id?',
  }),
  'access.instances': event(1, { id: 'text', breakglass: 'text?', instances: 'text' }),
  'access.copying': event(1, { id: 'text', breakglass: 'text?', direction: 'text', path: 'text' }),
  'access.copied': event(1, {
    id: 'text',
    breakglass: 'text?',
    direction: 'text',
    path: 'text',
    kind: 'text',
    bytes: 'number',
    sha256: 'text',
  }),
  'recording.closed': event(1, {
    id: 'text',
    breakglass: 'text?',
    file: 'text',
    bytes: 'number',
    sha256: 'text',
  }),
  'statements.opened': event(1, { id: 'text', breakglass: 'text?', file: 'text' }),
  'statements.closed': event(1, {
    id: 'text',
    breakglass: 'text?',
    file: 'text',
    statements: 'number',
    lines: 'number',
    head: 'text',
    bytes: 'number',
    sha256: 'text',
  }),
  'access.closed': event(1, {
    id: 'text',
    breakglass: 'text?',
    outcome: 'text',
    code: 'text?',
    milliseconds: 'number',
  }),
  'breakglass.requested': event(1, {
    id: 'text',
    person: 'text',
    tier: 'number',
    environment: 'text',
    scenario: 'text?',
    minutes: 'number',
    ticket: 'text?',
    reason: 'text',
    extends: 'text?',
    change: 'text?',
  }),
  'breakglass.approved': event(1, decision()),
  'breakglass.denied': event(1, decision()),
  'breakglass.granted': event(1, {
    id: 'text',
    person: 'text',
    membership: 'text?',
    member: 'text',
    group: 'text',
  }),
  'breakglass.emergency': event(1, {
    id: 'text',
    person: 'text',
    tier: 'number',
    account: 'text',
    environment: 'text',
    role: 'text',
    reason: 'text',
    ticket: 'text?',
  }),
  'breakglass.credentials': event(1, { id: 'text', caller: 'text', keyId: 'key id', expiresAt: 'text' }),
  'breakglass.session.opened': event(1, { id: 'text', environment: 'text' }),
  'breakglass.session.closed': event(1, { id: 'text', why: 'text', exitCode: 'number' }),
  'breakglass.rotating': event(1, { person: 'text', user: 'text', keyId: 'key id' }),
  'breakglass.rotated': event(1, { person: 'text', user: 'text', keyId: 'key id' }),
  'breakglass.ticket': event(1, { id: 'text', person: 'text', ticket: 'text?' }),
  'breakglass.summary': event(1, { id: 'text', person: 'text', summary: 'long text?' }),
  'breakglass.ending': event(1, { id: 'text', person: 'text', environment: 'text' }),
  'breakglass.ended': event(1, { id: 'text', person: 'text', membership: 'text' }),
  'breakglass.killing': event(1, { id: 'text', person: 'text', reason: 'text?' }),
  'breakglass.probe': event(1, { person: 'text', permissionSet: 'text', probe: 'text', resource: 'text' }),
  'config.imported': event(1, { file: 'text', before: 'text?', sha256: 'text', changes: 'number' }),
  'breakglass.doctor': event(1, { person: 'text?', ok: 'number', bad: 'number', unseen: 'number' }),
  'breakglass.killed': event(1, { id: 'text', person: 'text', membership: 'text' }),
  'change.claiming': event(1, {
    id: 'text',
    run: 'text',
    person: 'text',
    target: 'text',
    sha256: 'text',
  }),
  'change.committing': event(1, {
    id: 'text',
    run: 'text',
    target: 'text',
    transaction: 'text?',
    statements: 'number',
    rows: 'number',
  }),
  'change.ended': event(1, {
    id: 'text',
    run: 'text',
    target: 'text',
    dryRun: 'flag',
    outcome: 'text',
    code: 'text?',
    transaction: 'text?',
    statements: 'number',
    rows: 'number',
    file: 'text?',
    sha256: 'text?',
  }),
} as const;

function access() {
  return {
    id: 'text',
    breakglass: 'text?',
    target: 'text',
    environment: 'text?',
    purpose: 'text',
    program: 'text?',
    write: 'flag',
    reason: 'text?',
  } as const;
}

function decision() {
  return {
    id: 'text',
    person: 'text',
    requester: 'text',
    tier: 'number',
    environment: 'text',
    minutes: 'number',
    note: 'text?',
    sha256: 'text',
  } as const;
}

interface Values {
  readonly text: string;
  readonly number: number;
  readonly flag: boolean;
  /** To 8,000 characters; text to 2,000. */
  readonly 'long text': string;
  readonly 'key id': string;
}
type Kind = keyof Values | `${keyof Values}?`;
type Members = Readonly<Record<string, Kind>>;
type Optional<M extends Members> = {
  [Name in keyof M]: M[Name] extends `${string}?` ? Name : never;
}[keyof M];
type Value<K> = K extends `${infer Plain extends keyof Values}?`
  ? Values[Plain] | undefined
  : K extends keyof Values
    ? Values[K]
    : never;
type Event<Type, M extends Members> = { readonly type: Type } & {
  readonly [Name in Exclude<keyof M, Optional<M>>]: Value<M[Name]>;
} & { readonly [Name in Optional<M>]?: Value<M[Name]> };

type Types = typeof auditEvents;
/** One event as the code hands it on; the journal adds `v`, `at`, `previous` and `hash`. */
export type AuditEvent = { readonly [Type in keyof Types]: Event<Type, Types[Type]['members']> }[keyof Types];

/** Undefined: no member of this event. */
export function kindOf(type: AuditEvent['type'], name: string): keyof Values | undefined {
  const members: Members = auditEvents[type].members;
  return members[name]?.replace('?', '') as keyof Values | undefined;
}

function event<const M extends Members>(v: number, members: M) {
  return { v, members };
}
