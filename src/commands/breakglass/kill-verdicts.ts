import type { Bodies } from '../../breakglass/protocol/record-bodies.ts';
import { applicationName } from '../../db/application-name.ts';
import { quotePosix } from '../../lib/quote-posix.ts';
import { timeText } from '../audit/time-text.ts';

/** Where access can live on after somebody was stopped. */
export type Plane = 'membership' | 'credentials' | 'shells' | 'databases' | 'kubernetes';

export const planeNames: Readonly<Record<Plane, string>> = {
  membership: 'membership',
  credentials: 'credentials',
  shells: 'SSM sessions',
  databases: 'databases',
  kubernetes: 'Kubernetes',
};

/** `done`: seen to be ended. `none`: there was nothing. `standing`: goes on. `unseen`: nobody here can say. */
export interface PlaneVerdict {
  readonly plane: Plane;
  readonly state: 'done' | 'none' | 'standing' | 'unseen';
  /** For people; unescaped. */
  readonly said: string;
  /** Of what stands: until when at most. Epoch milliseconds. */
  readonly until?: number | undefined;
  /** What to type, to see or to end it. */
  readonly type?: readonly string[];
}

/** What was seen, and nothing that was hoped. */
export interface KillFacts {
  /** It gave access at some time. */
  readonly opened: boolean;
  readonly membership: 'removed' | 'gone' | 'none' | 'there' | 'unseen';
  /** The server side's newest record of what it took away. */
  readonly revoke: Bodies['revoke'] | undefined;
  /** Undefined: the records can't be read with the killer's rights. */
  readonly readable: boolean;
  readonly id: string;
  readonly userName: string | undefined;
  readonly environment: string | undefined;
  readonly scenario: string | undefined;
  /** When the end was asked for. Epoch milliseconds, AWS's clock. */
  readonly askedAt: number;
  readonly now: number;
}

/** Longest life of role credentials that break-glass issues: as long as a session of its permission sets. */
const credentialMs = 4 * 60 * 60_000;

/** One verdict a plane, always all five. Pure. */
export function killVerdicts(facts: KillFacts): readonly PlaneVerdict[] {
  if (!facts.opened) {
    return planes.map((plane) => ({ plane, state: 'none', said: 'it never gave access' }));
  }
  return [membership(facts), credentials(facts), shells(facts), databases(facts), kubernetes(facts)];
}

export const isClear = ({ state }: PlaneVerdict): boolean => state === 'done' || state === 'none';

/** Nothing is left that waiting a little could show. */
export const isAnswered = ({ opened, readable, revoke }: KillFacts): boolean =>
  !opened || !readable || (revoke !== undefined && revoke.tail !== 'failed' && revoke.remaining === 0);

const planes: readonly Plane[] = ['membership', 'credentials', 'shells', 'databases', 'kubernetes'];

function membership({ membership: seen }: KillFacts): PlaneVerdict {
  const plane = 'membership';
  switch (seen) {
    case 'removed':
      return { plane, state: 'done', said: 'removed from the group' };
    case 'gone':
      return { plane, state: 'done', said: 'in the group no more' };
    case 'none':
      return { plane, state: 'none', said: 'a role was assumed: there is no membership' };
    case 'there':
      return { plane, state: 'standing', said: 'still in the group; the server side removes it' };
    case 'unseen':
      return { plane, state: 'unseen', said: 'the group can’t be seen with your rights' };
  }
}

function credentials(facts: KillFacts): PlaneVerdict {
  const plane = 'credentials';
  const { revoke } = facts;
  if (revoke === undefined) return unanswered(plane, facts);
  if (revoke.tail === 'cut') {
    return {
      plane,
      state: 'done',
      said: `what was issued until ${timeText(revoke.until ?? revoke.at)} is refused`,
    };
  }
  if (revoke.tail === 'none') {
    return { plane, state: 'none', said: 'the server side found none that had to be refused' };
  }
  return standing(plane, 'issued keys are not refused yet; the server side goes on trying', facts);
}

function shells(facts: KillFacts): PlaneVerdict {
  const plane = 'shells';
  const { revoke } = facts;
  if (revoke === undefined) return unanswered(plane, facts);
  const { terminated, remaining } = revoke;
  if (remaining > 0)
    return standing(plane, `${remaining} not ended yet; the server side goes on trying`, facts);
  if (terminated === 0) return { plane, state: 'none', said: 'the server side found no SSM session' };
  return { plane, state: 'done', said: `${terminated} SSM session${terminated === 1 ? '' : 's'} terminated` };
}

/**
 * Forge closes its own connections when its session ends. What another program opened with an auth token stays until the
 * server ends it, and AWS can't: only the database itself knows.
 */
function databases({ scenario, environment, userName, id }: KillFacts): PlaneVerdict {
  const plane = 'databases';
  if (!reaches(scenario, databaseWords))
    return { plane, state: 'none', said: `the scenario ${scenario} reaches none` };
  if (environment === undefined) {
    return {
      plane,
      state: 'unseen',
      said: 'connections can live on, and the record does not say in which environment',
    };
  }
  const line = (sql: string) =>
    `forge db query ${quoted(environment)} --reason ${quotePosix(`kill ${id}`)} ${quotePosix(sql)}`;
  return {
    plane,
    state: 'unseen',
    said: 'forge closes its own connections; others live on until the server ends them, and only the database knows',
    type: [
      line(`${lookSql} order by backend_start`),
      ...(userName === undefined ? [] : [line(endSql(userName))]),
    ],
  };
}

/** Nobody can refuse GetCallerIdentity, which a cluster's token is: what was signed, or can be, ends with its keys. */
function kubernetes(facts: KillFacts): PlaneVerdict {
  const plane = 'kubernetes';
  if (!reaches(facts.scenario, kubernetesWords))
    return { plane, state: 'none', said: `the scenario ${facts.scenario} reaches none` };
  const until = endOfKeys(facts);
  if (facts.now >= until)
    return { plane, state: 'done', said: 'all keys that a token could be signed with have ended' };
  const said = 'a token lives for 15 min, and copied keys sign new ones: AWS lets nobody refuse those';
  return { plane, state: 'standing', said, until };
}

function unanswered(plane: Plane, facts: KillFacts): PlaneVerdict {
  if (facts.readable) return standing(plane, 'the server side has not answered yet', facts);
  return {
    plane,
    state: 'unseen',
    said: 'the record can’t be seen with your rights',
    until: endOfKeys(facts),
    type: [`forge audit show --archive ${facts.id}`],
  };
}

const standing = (plane: Plane, said: string, facts: KillFacts): PlaneVerdict => ({
  plane,
  state: 'standing',
  said,
  until: endOfKeys(facts),
});

/** When the last keys that could have been issued end by themselves. */
function endOfKeys({ revoke, askedAt }: KillFacts): number {
  return (revoke === undefined ? askedAt : Date.parse(revoke.at)) + credentialMs;
}

const databaseWords = /database|sql|\bdb\b/i;
const kubernetesWords = /kube|eks|k8s/i;
const knownWords = /database|sql|\bdb\b|kube|eks|k8s|instance|ssm|shell|host|console/i;

/** What a scenario is named for, where its name tells; else it is taken to reach everything. */
function reaches(scenario: string | undefined, words: RegExp): boolean {
  return scenario === undefined || words.test(scenario) || !knownWords.test(scenario);
}

const lookSql =
  "select pid, usename, application_name, client_addr, backend_start from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";

/** Ends what forge opened in somebody's name; a standard string of SQL has no other special character than its quote. */
export function endSql(userName: string): string {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const name = applicationName(userName, undefined);
  return `select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = ${text(name)} or starts_with(application_name, ${text(`${name}/`)})`;
}

const quoted = (word: string): string => (/^[\w.-]+$/.test(word) ? word : quotePosix(word));
