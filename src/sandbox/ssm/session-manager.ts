import { randomBytes } from 'node:crypto';
import type { Organisation } from '../organisation.ts';
import type { IssuedKeys } from '../principal.ts';
import { type ChannelFaults, noFaults } from './channel-faults.ts';
import { type CommandStore, createCommandStore } from './command-store.ts';
import { createNetwork, type Network } from './network.ts';
import { defaultPreferences, type Session, type SessionPreferences } from './session.ts';

/** All that Session Manager knows: sessions, each account's preferences, ordered faults, sent commands. */
export interface SessionManager {
  /** Oldest first. */
  readonly sessions: ReadonlyMap<string, Session>;
  readonly commands: CommandStore;
  readonly network: Network;
  /** For data channels that are opened from now on. */
  faults: ChannelFaults;
  preferencesOf(account: string): SessionPreferences;
  setPreferences(account: string, preferences: SessionPreferences): void;
  start(caller: IssuedKeys, wish: Pick<Session, 'instance' | 'document' | 'plan' | 'reason'>): Session;
  /** A token that opens a data channel of the session once; an earlier one is void. */
  issueToken(session: Session): string;
  /** The service's way to end a session, whatever runs. */
  terminate(session: Session, output: string): void;
}

/** History that is kept: a long rehearsal must not eat the machine. */
const mostSessions = 10_000;

export function createSessionManager(now: () => number, organisation: Organisation): SessionManager {
  const sessions = new Map<string, Session>();
  const preferences = new Map<string, SessionPreferences>();
  const manager: SessionManager = {
    sessions,
    commands: createCommandStore(),
    network: createNetwork(organisation),
    faults: noFaults,
    preferencesOf: (account) => preferences.get(account) ?? defaultPreferences,
    setPreferences: (account, value) => void preferences.set(account, value),
    start(caller, wish) {
      const { principal } = caller;
      const name = principal.kind === 'role' ? principal.sessionName : principal.user.name;
      const session: Session = {
        ...wish,
        id: `${name.slice(0, 70)}-${randomBytes(9).toString('hex').slice(1)}`,
        owner: principal.arn,
        ownerId: principal.userId,
        preferences: { ...manager.preferencesOf(wish.instance.account), ...wish.plan.limits },
        startedAt: now(),
        endedAt: undefined,
        usedAt: now(),
        token: undefined,
        running: undefined,
      };
      sessions.set(session.id, session);
      const oldest = sessions.size > mostSessions ? sessions.values().next().value : undefined;
      if (oldest !== undefined && oldest.endedAt !== undefined) sessions.delete(oldest.id);
      return session;
    },
    issueToken(session) {
      session.token = randomBytes(120).toString('base64');
      return session.token;
    },
    terminate(session, output) {
      session.endedAt ??= now();
      session.token = undefined;
      session.running?.end(output);
    },
  };
  return manager;
}
