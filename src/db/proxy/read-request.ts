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
import { kinds, type RequestKind } from './expected-answers.ts';
import { Request, type Settlement } from './request.ts';
import { frame } from './server-messages.ts';
import { changesNames, type Prepared, type SessionState } from './session-state.ts';
import type { Refusal, Statement } from './statement.ts';

const code = (character: string) => character.charCodeAt(0);
const [query, functionCall, parse, bind] = [code('Q'), code('F'), code('P'), code('B')];
const [execute, describe, close, sync] = [code('E'), code('D'), code('C'), code('S')];
const [copyDone, copyFail] = [code('c'), code('f')];

/** No SQL: it can't be parsed, in any state. DBAs see it in the server's log. */
const notSql = 'refused by forge';
const failingQuery = frame('Q', `${notSql}\0`);
const failingParse = (name: string) => frame('P', Buffer.from(`${name}\0${notSql}\0\0\0`, 'latin1'));

const failingOther = failingParse('forge');

/** Which message's names must be settled before it is understood: [whose, name]. */
export function namesOf(message: ClientMessage): readonly ['prepared' | 'portals', string] | undefined {
  const isBind = message.type === bind;
  if (!isBind && message.type !== execute) return undefined;
  const name = leadingNames(message)[isBind ? 1 : 0];
  return name === undefined ? undefined : [isBind ? 'prepared' : 'portals', name];
}

/** What makes the server fail in the place of a refused message, in the same state. */
export function failingFor(message: ClientMessage): Buffer {
  if (message.type === query || message.type === functionCall) return failingQuery;
  if (message.type !== parse) return failingOther;
  return failingParse((message.oversized ? undefined : parseParse(message)?.name) ?? '');
}

/**
 * Sets what the message asks for: its request, its statement, whether that runs; a refusal where it can't be sent,
 * whatever the guard says. In the order of the messages: names take on what they will stand for.
 */
export function readRequest(state: SessionState, message: ClientMessage): void {
  const { type } = message;
  if (type === query) readQuery(state, message);
  else if (type === parse) readParse(state, message);
  else if (type === bind) readBind(state, message);
  else if (type === execute) readExecute(state, message);
  else if (type === describe) readNamed(state, message, kinds.describe);
  else if (type === close) readNamed(state, message, kinds.close);
  else if (type === functionCall) readFunction(state, message);
  else if (type === sync) {
    state.group++;
    state.blurred = false;
    message.request = new Request(kinds.sync);
  } else if (type === copyDone || type === copyFail) message.request = new Request(kinds.copyEnd);
}

function readQuery(state: SessionState, message: ClientMessage): void {
  const text = message.oversized ? undefined : parseQuery(message);
  if (text === undefined) {
    unread(kinds.query, message);
    return;
  }
  const statement = state.statement('query', text);
  // An unnamed statement goes even when the query fails.
  const gone = state.prepared.expectGone('', state.group);
  runs(message, new Request(kinds.query, statement, gone), statement);
}

function readParse(state: SessionState, message: ClientMessage): void {
  const prepared = preparedBy(state, message);
  if (prepared === undefined) {
    unread(kinds.parse, message);
    return;
  }
  const { name, text } = prepared;
  message.statement = state.statement('prepare', text);
  message.request = new Request(
    kinds.parse,
    message.statement,
    state.prepared.expect(name, text, state.group),
  );
}

/** Drivers that keep no prepared statements send the same few with each execution. */
function preparedBy(state: SessionState, message: ClientMessage): Prepared | undefined {
  if (message.oversized) return undefined;
  const { parses, standardStrings } = state;
  const { source, body, end } = message;
  const known = parses.find(source, body, end);
  // What the text means hangs on the setting.
  if (known !== undefined && known.text.standardStrings === standardStrings) return known;
  const parsed = parseParse(message);
  if (parsed === undefined) return undefined;
  const { sql, exact } = parsed.text;
  const text = { sql, exact, standardStrings, changesNames: changesNames(sql) };
  return parses.add(source, body, end, { name: parsed.name, text });
}

function readBind(state: SessionState, message: ClientMessage): void {
  const asked = parseBind(message);
  if (asked === undefined) {
    unread(kinds.bind, message);
    return;
  }
  const statement = state.bound(asked);
  if (statement.changesNames ?? changesNames(statement.sql)) state.blurred = true;
  const change = state.portals.expect(asked.portal, statement, state.group);
  runs(message, new Request(kinds.bind, statement, change), statement);
}

function readExecute(state: SessionState, message: ClientMessage): void {
  const asked = parseExecute(message);
  if (asked === undefined) {
    unread(kinds.execute, message);
    return;
  }
  const known = state.portal(asked.portal);
  const statement = known ?? state.cursor(asked.portal, asked.rows);
  // What is bound was judged and recorded then.
  runs(message, new Request(kinds.execute, statement), known === undefined ? statement : undefined);
}

function readFunction(state: SessionState, message: ClientMessage): void {
  const call = parseFunction(message);
  if (call === undefined) {
    unread(kinds.query, message);
    return;
  }
  const text = { sql: `SELECT ${call.oid}::regproc`, exact: true };
  const statement = state.statement('function', text, call.values);
  runs(message, new Request(kinds.function, statement), statement);
}

function readNamed(state: SessionState, message: ClientMessage, kind: RequestKind): void {
  const named = message.oversized ? undefined : parseNamed(message);
  if (named === undefined) {
    unread(kind, message);
    return;
  }
  const change = kind === kinds.close ? closing(state, named) : undefined;
  message.request = new Request(kind, undefined, change);
}

function closing(
  state: SessionState,
  { of, name }: { readonly of: 'S' | 'P'; readonly name: string },
): Settlement | undefined {
  return (of === 'S' ? state.prepared : state.portals).expectGone(name, state.group);
}

function runs(message: ClientMessage, request: Request, statement: Statement | undefined): void {
  message.request = request;
  message.statement = statement;
  message.runs = true;
}

function unread(kind: RequestKind, message: ClientMessage): void {
  const sql = kind === kinds.query || kind === kinds.parse;
  message.request = new Request(kind);
  message.refusal = message.oversized && sql ? tooLong : invalidFormat;
}

const invalidFormat: Refusal = { sqlState: '08P01', message: 'invalid message format' };
const tooLong: Refusal = {
  sqlState: '54000',
  message: `forge takes a statement of up to ${longestSql / 1024 / 1024} MiB, for it must be read whole before it is sent.`,
  hint: 'Large data belongs into COPY or into a parameter, which pass in pieces.',
};
