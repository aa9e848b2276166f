import { type JsonObject, parseJsonObject } from '../lib/json-object.ts';

/** A statement of a stream with what became of it. Anybody can have written the file: each member may be missing. */
export interface LoggedStatement {
  /** ISO-8601 UTC. */
  readonly at: string;
  readonly statement: number;
  readonly connection: number | undefined;
  readonly kind: string;
  readonly sql: string;
  /** Characters of the whole text, where `sql` is not all of it. */
  readonly length: number | undefined;
  /** Bound values: text, null, or an object that says why there is none. */
  readonly values: readonly unknown[];
  readonly application: string | undefined;
  readonly transaction: string | undefined;
  /** Undefined: nobody wrote it down; its forge was killed, or it still runs. */
  readonly outcome: LoggedOutcome | undefined;
}

export interface LoggedOutcome {
  readonly at: string;
  readonly end: string;
  readonly tags: string | undefined;
  readonly rows: number;
  readonly sqlState: string | undefined;
  readonly milliseconds: number;
  readonly transaction: string | undefined;
}

export interface StatementLogRead {
  /** In the order in which they were written down. */
  readonly statements: readonly LoggedStatement[];
  /** Lines that are no records. */
  readonly unreadable: number;
}

export function readStatementLog(lines: Iterable<string>): StatementLogRead {
  const statements = new Map<number, Begun>();
  let unreadable = 0;
  for (const line of lines) {
    const event = parseJsonObject(line);
    const number = event?.statement;
    if (event?.type === 'seal') continue;
    if (event === undefined || typeof number !== 'number') unreadable++;
    else if (event.type === 'statement') statements.set(number, { ...statementOf(event, number), texts: [] });
    else {
      const statement = statements.get(number);
      if (statement === undefined) continue;
      if (event.type === 'text') statement.texts.push(textOf(event.sql) ?? '');
      else statement.outcome = outcomeOf(event);
    }
  }
  return { statements: [...statements.values()].map(whole), unreadable };
}

interface Begun extends Omit<LoggedStatement, 'outcome'> {
  readonly texts: string[];
  outcome: LoggedOutcome | undefined;
}

function whole({ texts, ...statement }: Begun): LoggedStatement {
  if (texts.length === 0) return statement;
  const sql = statement.sql + texts.join('');
  return { ...statement, sql, length: sql.length === statement.length ? undefined : statement.length };
}

function statementOf(event: JsonObject, statement: number): LoggedStatement {
  return {
    at: textOf(event.at) ?? '',
    statement,
    connection: numberOf(event.connection),
    kind: textOf(event.kind) ?? '',
    sql: textOf(event.sql) ?? '',
    length: numberOf(event.length),
    values: valuesOf(event.values),
    application: textOf(event.application),
    transaction: textOf(event.transaction),
    outcome: undefined,
  };
}

function outcomeOf(event: JsonObject): LoggedOutcome {
  return {
    at: textOf(event.at) ?? '',
    end: textOf(event.end) ?? '',
    tags: textOf(event.tags),
    rows: numberOf(event.rows) ?? 0,
    sqlState: textOf(event.sqlState),
    milliseconds: numberOf(event.milliseconds) ?? 0,
    transaction: textOf(event.transaction),
  };
}

function valuesOf(text: unknown): readonly unknown[] {
  if (typeof text !== 'string') return [];
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
