import type { ClientMessage } from './client-framer.ts';
import { longestSql } from './client-framer.ts';
import {
  parseBind,
  parseExecute,
  parseFunction,
  parseNamed,
  parseParse,
  parseQuery,
} from './client-message.ts';
import type { Request } from './pipeline.ts';
import { frame } from './server-messages.ts';
import { changesNames, type SessionState } from './session-state.ts';
import type { Refusal, Statement } from './statement.ts';

/** One message of the client, understood. */
export interface Asked {
  /** Undefined: the server does not answer it. */
  readonly request: Request | undefined;
  /** The guard decides on it. */
  readonly statement: Statement | undefined;
  /** It runs something: it is recorded before it is sent. */
  readonly runs: boolean;
  /** It can't be sent, whatever the guard says. */
  readonly refusal: Refusal | undefined;
  /** What makes the server fail in its place, in the same state. */
  readonly failing: Buffer;
}

const code = (character: string) => character.charCodeAt(0);

/** No SQL: it can't be parsed, in any state. DBAs see it in the server's log. */
const notSql = 'refused by forge';
const failingQuery = frame('Q', `${notSql}\0`);
const failingParse = (name: string) => frame('P', Buffer.from(`${name}\0${notSql}\0\0\0`, 'latin1'));

/** Which message's names must be settled before it is understood: [whose, name]. */
export function namesOf({
  type,
  body,
}: ClientMessage): readonly ['prepared' | 'portals', string] | undefined {
  if (type === code('E')) {
    const end = body.indexOf(0);
    return end < 0 ? undefined : ['portals', body.toString('latin1', 0, end)];
  }
  if (type !== code('B')) return undefined;
  const portal = body.indexOf(0);
  const end = portal < 0 ? -1 : body.indexOf(0, portal + 1);
  return end < 0 ? undefined : ['prepared', body.toString('latin1', portal + 1, end)];
}

/** In the order of the messages: names take on what they will stand for. */
export function readRequest(state: SessionState, message: ClientMessage): Asked {
  const { type, more, oversized } = message;
  switch (type) {
    case code('Q'): {
      if (oversized) return refused({ kind: 'query' }, tooLong, failingQuery);
      const text = parseQuery(message.body);
      if (text === undefined) return refused({ kind: 'query' }, invalidFormat, failingQuery);
      const statement = state.statement('query', text);
      const change = state.prepared.expect('', undefined, state.group);
      const { confirm, drop } = settle(state.prepared, change);
      // An unnamed statement goes even when the query fails.
      const request: Request = { kind: 'query', statement, onDone: confirm, onDropped: drop };
      return { request, statement, runs: true, refusal: undefined, failing: failingQuery };
    }
    case code('P'): {
      const parsed = oversized ? undefined : parseParse(message.body);
      if (parsed === undefined)
        return refused({ kind: 'parse' }, oversized ? tooLong : invalidFormat, failingParse(''));
      const text = { ...parsed.text, standardStrings: state.standardStrings };
      const statement = state.statement('prepare', text);
      const { confirm, drop } = settle(state.prepared, state.prepared.expect(parsed.name, text, state.group));
      const request: Request = { kind: 'parse', statement, onDone: confirm, onDropped: drop };
      return { request, statement, runs: false, refusal: undefined, failing: failingParse(parsed.name) };
    }
    case code('B'): {
      const bind = parseBind(message.body, more);
      if (bind === undefined) return refused({ kind: 'bind' }, invalidFormat, failingParse('forge'));
      const statement = state.bound(bind);
      if (changesNames(statement.sql)) state.blurred = true;
      const { confirm, drop } = settle(
        state.portals,
        state.portals.expect(bind.portal, statement, state.group),
      );
      const onDone = () => {
        confirm();
        state.bindDone(statement);
      };
      const request: Request = { kind: 'bind', statement, onDone, onDropped: drop };
      return { request, statement, runs: true, refusal: undefined, failing: failingParse('forge') };
    }
    case code('E'): {
      const execute = parseExecute(message.body);
      if (execute === undefined) return refused({ kind: 'execute' }, invalidFormat, failingParse('forge'));
      const known = state.portal(execute.portal);
      const statement = known ?? state.cursor(execute.portal, execute.rows);
      const judged = known === undefined ? statement : undefined;
      const request: Request = { kind: 'execute', statement };
      return { request, statement: judged, runs: true, refusal: undefined, failing: failingParse('forge') };
    }
    case code('F'): {
      const call = parseFunction(message.body, more);
      if (call === undefined) return refused({ kind: 'query' }, invalidFormat, failingQuery);
      const statement = state.statement(
        'function',
        { sql: `SELECT ${call.oid}::regproc`, exact: true },
        call.values,
      );
      const request: Request = { kind: 'function', statement };
      return { request, statement, runs: true, refusal: undefined, failing: failingQuery };
    }
    case code('D'):
    case code('C'): {
      const named = oversized ? undefined : parseNamed(message.body);
      const kind = type === code('D') ? 'describe' : 'close';
      if (named === undefined) return refused({ kind }, invalidFormat, failingParse('forge'));
      return plain(kind === 'close' ? closing(state, named) : { kind });
    }
    case code('S'):
      state.group++;
      state.blurred = false;
      return plain({ kind: 'sync' });
    case code('c'):
    case code('f'):
      return plain({ kind: 'copy-end' });
    default:
      return plain(undefined);
  }
}

function closing(
  state: SessionState,
  { of, name }: { readonly of: 'S' | 'P'; readonly name: string },
): Request {
  const { confirm, drop } =
    of === 'S'
      ? settle(state.prepared, state.prepared.expect(name, undefined, state.group))
      : settle(state.portals, state.portals.expect(name, undefined, state.group));
  return { kind: 'close', onDone: confirm, onDropped: drop };
}

function settle<Change>(
  names: { confirm(change: Change): void; drop(change: Change): void },
  change: Change,
): { readonly confirm: () => void; readonly drop: () => void } {
  return { confirm: () => names.confirm(change), drop: () => names.drop(change) };
}

function plain(request: Request | undefined): Asked {
  return { request, statement: undefined, runs: false, refusal: undefined, failing: failingQuery };
}

function refused(request: Request, refusal: Refusal, failing: Buffer): Asked {
  return { request, statement: undefined, runs: false, refusal, failing };
}

const invalidFormat: Refusal = { sqlState: '08P01', message: 'invalid message format' };
const tooLong: Refusal = {
  sqlState: '54000',
  message: `forge takes a statement of up to ${longestSql / 1024 / 1024} MiB, for it must be read whole before it is sent.`,
  hint: 'Large data belongs into COPY or into a parameter, which pass in pieces.',
};
