import type { GuardContext, Refusal, Statement, StatementGuard } from '../proxy/statement.ts';
import { judgeRead } from './judge-read.ts';
import { KnownTexts } from './known-texts.ts';
import { assureAgreement } from './parser-agrees.ts';
import { type Parsed, SqlParser } from './sql-parser.ts';

/** SQL within SQL within SQL: query_to_xml('select query_to_xml(…)'). */
const deepest = 3;

interface Finding {
  readonly refusal: Refusal | undefined;
  readonly unseen: boolean;
  readonly ends: boolean;
}

/**
 * Passes what only reads. It stands beside the server's own read-only transactions, not in their place: it keeps them
 * from being switched off, and refuses what they would let through. docs/databases-under-watch.md
 */
export async function createReadOnlyGuard(): Promise<StatementGuard> {
  return new ReadOnlyGuard(await SqlParser.load());
}

class ReadOnlyGuard implements StatementGuard {
  readonly #parser: SqlParser;
  readonly #known = new KnownTexts<Finding>();
  /** In which group a session has ended a transaction, and nobody has heard of the server since. */
  readonly #ended = new WeakMap<object, number>();
  readonly waits = true;

  constructor(parser: SqlParser) {
    this.#parser = parser;
  }

  check(statement: Statement, context: GuardContext): Refusal | undefined | Promise<Refusal | undefined> {
    if (context.readOnly === false) return notHeld;
    if (statement.kind === 'function') return functionCall;
    const disagreement = assureAgreement(statement, context);
    if (disagreement !== undefined) return disagreement;
    const { sql } = statement;
    const known = this.#known.find(sql);
    if (known !== undefined) return this.#inGroup(statement, context, known.finding);
    const parsed = this.#parser.parse(sql);
    const found =
      parsed instanceof Promise
        ? parsed.then((tree) => this.#conclude(sql, tree))
        : this.#conclude(sql, parsed);
    return found instanceof Promise
      ? found.then((finding) => this.#inGroup(statement, context, finding))
      : this.#inGroup(statement, context, found);
  }

  /** Up to the next Sync the server does not tell what a function has changed, also when a transaction ends before. */
  #inGroup({ kind }: Statement, { session, group }: GuardContext, finding: Finding): Refusal | undefined {
    if (finding.refusal !== undefined || kind === 'prepare') return finding.refusal;
    if (finding.unseen && this.#ended.get(session) === group) return writes('This statement', apart);
    if (finding.ends && kind !== 'query') this.#ended.set(session, group);
    return undefined;
  }

  #conclude(sql: string, parsed: Parsed): Finding | Promise<Finding> {
    const judged = this.#judgeTree(parsed, deepest);
    const verdicts = 'statements' in parsed ? parsed.statements.map(judgeRead) : [];
    const facts = { unseen: verdicts.some(({ unseen }) => unseen), ends: verdicts.some(({ ends }) => ends) };
    // In SQL that is a constant, and in set_config, a number may be a setting.
    if (judged instanceof Promise)
      return judged.then((refusal) => this.#known.add(sql, { refusal, ...facts }, false));
    const anyNumbers = isOneQuery(parsed) && !/set_config/i.test(sql);
    return this.#known.add(sql, { refusal: judged, ...facts }, anyNumbers);
  }

  #judge(sql: string, depth: number): Refusal | undefined | Promise<Refusal | undefined> {
    const parsed = this.#parser.parse(sql);
    return parsed instanceof Promise
      ? parsed.then((tree) => this.#judgeTree(tree, depth))
      : this.#judgeTree(parsed, depth);
  }

  #judgeTree(parsed: Parsed, depth: number): Refusal | undefined | Promise<Refusal | undefined> {
    if ('problem' in parsed) return notRead(parsed);
    const { statements } = parsed;
    const inner: string[] = [];
    let ended = false;
    for (const [index, statement] of statements.entries()) {
      const verdict = judgeRead(statement);
      const which =
        statements.length > 1 ? `Statement ${index + 1} of ${statements.length}` : 'This statement';
      if (verdict.problem !== undefined) return writes(which, verdict.problem);
      // A function could have changed the default for the transaction after this one, also one of a cursor WITH HOLD.
      if (verdict.unseen && ended) return writes(which, apart);
      ended ||= verdict.ends;
      inner.push(...verdict.texts);
    }
    if (inner.length === 0) return undefined;
    return depth === 0
      ? writes('This statement', 'it has SQL in SQL in SQL')
      : this.#judgeAll(inner, depth - 1);
  }

  async #judgeAll(texts: readonly string[], depth: number): Promise<Refusal | undefined> {
    for (const text of texts) {
      const refusal = await this.#judge(text, depth);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }
}

function isOneQuery(parsed: Parsed): boolean {
  return (
    'statements' in parsed && parsed.statements.length === 1 && parsed.statements[0]?.SelectStmt !== undefined
  );
}

const hint =
  'Reading is what this access is for. To write, open the database with --write, or ask for a change with forge db request.';

const apart =
  'it comes behind the end of a transaction that is not answered yet, and must be sent by itself once that has ended';

function writes(which: string, problem: string): Refusal {
  return {
    sqlState: '25006',
    message: `${which} was not sent, for this connection is read-only: ${problem}.`,
    hint,
  };
}

function notRead({ problem, kind }: Extract<Parsed, { problem: string }>): Refusal {
  return kind === 'limit'
    ? {
        sqlState: '54001',
        message: `This statement was not sent, for forge can't judge it: ${problem}.`,
        hint: 'Make it smaller: values belong into parameters or into arrays, long lists into a table.',
      }
    : {
        sqlState: '42601',
        message: problem,
        hint: "forge read it with PostgreSQL 18's parser and did not send it: on a read-only connection all must be understood.",
      };
}

const functionCall: Refusal = {
  sqlState: '25006',
  message: 'A function call by number was not sent, for this connection is read-only.',
  hint: 'Call it by its name in a SELECT. Large objects can be read with lo_get().',
};

const notHeld: Refusal = {
  sqlState: '25006',
  message: 'The server says that this session may write, so nothing more is sent on it.',
  hint: 'A function has changed default_transaction_read_only. Connect again.',
};
