import { type ClientMessage, longestSql } from './client-framer.ts';
import {
  leadingNames,
  parseBind,
  parseExecute,
  parseFunction,
  parseNamed,
  parseParse,
  parseQuery,
} from './client-message.ts';
import type { RequestKind } from './expected-answers.ts';
import { Request, type Settlement } from './request.ts';
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
const query = code('Q');
const failingParse = (name: string) => frame('P', Buffer.from(`${name}\0${notSql}\0\0\0`, 'latin1'));

const failingUnnamed = failingParse('');
const failingOther = failingParse('forge');

/** Which message's names must be settled before it is understood: [whose, name]. */
export function namesOf(message: ClientMessage): readonly ['prepared' | 'portals', string] | undefined {
  const isBind = message.type === code('B');
  if (!isBind && message.type !== code('E')) return undefined;
  const name = leadingNames(message)[isBind ? 1 : 0];
  return name === undefined ? undefined : [isBind ? 'prepared' : 'portals', name];
}

/** In the order of the messages: names take on what they will stand for. */
export function readRequest(state: SessionState, message: ClientMessage): Asked {
  const { type, oversized } = message;
  switch (type) {
    case query: {
      const text = oversized ? undefined : parseQuery(message);
      if (text === undefined) return unread('query', message, failingQuery);
      const statement = state.statement('query', text);
      // An unnamed statement goes even when the query fails.
      const gone = state.prepared.expectGone('', state.group);
      return runs(new Request('query', statement, gone), statement, failingQuery);
    }
    case code('P'): {
      const parsed = oversized ? undefined : parseParse(message);
      if (parsed === undefined) return unread('parse', message, failingParse(''));
      const { sql, exact } = parsed.text;
      const text = { sql, exact, standardStrings: state.standardStrings, changesNames: changesNames(sql) };
      const statement = state.statement('prepare', text);
      const request = new Request('parse', statement, state.prepared.expect(parsed.name, text, state.group));
      const failing = parsed.name === '' ? failingUnnamed : failingParse(parsed.name);
      return { request, statement, runs: false, refusal: undefined, failing };
    }
    case code('B'): {
      const bind = parseBind(message);
      if (bind === undefined) return unread('bind', message, failingOther);
      const statement = state.bound(bind);
      if (statement.changesNames ?? changesNames(statement.sql)) state.blurred = true;
      const change = state.portals.expect(bind.portal, statement, state.group);
      return runs(new Request('bind', statement, change), statement, failingOther);
    }
    case code('E'): {
      const execute = parseExecute(message);
      if (execute === undefined) return unread('execute', message, failingOther);
      const known = state.portal(execute.portal);
      const statement = known ?? state.cursor(execute.portal, execute.rows);
      const judged = known === undefined ? statement : undefined;
      return runs(new Request('execute', statement), judged, failingOther);
    }
    case code('F'): {
      const call = parseFunction(message);
      if (call === undefined) return unread('query', message, failingQuery);
      const text = { sql: `SELECT ${call.oid}::regproc`, exact: true };
      const statement = state.statement('function', text, call.values);
      return runs(new Request('function', statement), statement, failingQuery);
    }
    case code('D'):
    case code('C'): {
      const named = oversized ? undefined : parseNamed(message);
      const kind = type === code('D') ? 'describe' : 'close';
      if (named === undefined) return unread(kind, message, failingOther);
      return plain(new Request(kind, undefined, kind === 'close' ? closing(state, named) : undefined));
    }
    case code('S'):
      state.group++;
      state.blurred = false;
      return plain(new Request('sync'));
    case code('c'):
    case code('f'):
      return plain(new Request('copy-end'));
    default:
      return nothingAsked;
  }
}

function closing(
  state: SessionState,
  { of, name }: { readonly of: 'S' | 'P'; readonly name: string },
): Settlement | undefined {
  return (of === 'S' ? state.prepared : state.portals).expectGone(name, state.group);
}

function runs(request: Request, statement: Statement | undefined, failing: Buffer): Asked {
  return { request, statement, runs: true, refusal: undefined, failing };
}

function plain(request: Request | undefined): Asked {
  return { request, statement: undefined, runs: false, refusal: undefined, failing: failingQuery };
}

const nothingAsked = plain(undefined);

function unread(kind: RequestKind, { oversized }: ClientMessage, failing: Buffer): Asked {
  const refusal = oversized && (kind === 'query' || kind === 'parse') ? tooLong : invalidFormat;
  return { request: new Request(kind), statement: undefined, runs: false, refusal, failing };
}

const invalidFormat: Refusal = { sqlState: '08P01', message: 'invalid message format' };
const tooLong: Refusal = {
  sqlState: '54000',
  message: `forge takes a statement of up to ${longestSql / 1024 / 1024} MiB, for it must be read whole before it is sent.`,
  hint: 'Large data belongs into COPY or into a parameter, which pass in pieces.',
};
