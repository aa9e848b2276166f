import type { Outcome, Refusal, Statement, TransactionState } from '../proxy/statement.ts';
import type { Step } from './transaction-steps.ts';

interface Session {
  /** The last BEGIN, COMMIT or ROLLBACK that was sent and is not answered: until then it is what counts. */
  expected: { readonly id: number; readonly open: boolean } | undefined;
  /** Writes whose rows are not known yet. */
  readonly pending: Set<number>;
  /** `UPDATE 20000`: too much; what comes next is refused, which makes the transaction fail. */
  tooMuch: string | undefined;
}

const counted = /^(INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/;
/** The pipeline keeps so many tags of a text. */
const mostTags = 100;

/**
 * How many rows one statement may change. The server says so when it is done, and outside of a transaction it has
 * committed then: so what writes must be in a transaction, and its COMMIT be sent by itself, once the rows are known.
 */
export class RowCeiling {
  readonly #most: number;
  readonly #sessions = new Map<number, Session>();

  constructor(most: number) {
    this.#most = most;
  }

  /** For what is about to run. `sent`: it is on its way then, unless it is refused. */
  check(statement: Statement, steps: readonly Step[], sent: boolean): Refusal | undefined {
    const session = this.#session(statement.connection);
    if (session.expected === undefined && statement.transaction === 'idle') {
      session.tooMuch = undefined;
      session.pending.clear();
    }
    let open = session.expected?.open ?? statement.transaction !== 'idle';
    let changed = false;
    let ended = false;
    if (session.tooMuch !== undefined && !givesUp(steps, statement.transaction))
      return exceeded(session.tooMuch, this.#most);
    for (const step of steps) {
      if (step.kind === 'write' || (step.kind === 'few' && step.rows > this.#most)) {
        if (!open) return needsTransaction(this.#most);
        changed = true;
      } else if (step.kind === 'commit' && (changed || session.pending.size > 0)) return alone;
      if (step.kind === 'begin') open = true;
      if (step.kind === 'commit' || step.kind === 'rollback') {
        open = 'restart' in step;
        changed = false;
      }
      ended ||= step.kind === 'begin' || step.kind === 'commit' || step.kind === 'rollback';
    }
    if (!sent) return undefined;
    if (ended) session.expected = { id: statement.id, open };
    if (changed) session.pending.add(statement.id);
    this.#keep(statement.connection, session);
    return undefined;
  }

  after({ statement, end, tags, rows, transaction }: Outcome): void {
    const session = this.#sessions.get(statement.connection);
    if (session === undefined) return;
    const { id } = statement;
    // In a pipeline without a Sync the state may be an old one: then what was sent says more.
    const settled = end !== 'done' || session.expected?.open === (transaction !== 'idle');
    if (session.expected?.id === id && settled) session.expected = undefined;
    const most = tags.length >= mostTags && rows > this.#most ? `${rows} rows` : undefined;
    const found = session.pending.has(id)
      ? (tags.find((tag) => rowsOf(tag) > this.#most) ?? most)
      : undefined;
    if (found !== undefined) session.tooMuch = found;
    // Its rows are counted when its last row was fetched.
    if (end !== 'suspended') session.pending.delete(id);
    this.#keep(statement.connection, session);
  }

  #session(connection: number): Session {
    return this.#sessions.get(connection) ?? { expected: undefined, pending: new Set(), tooMuch: undefined };
  }

  /** Nobody says when a connection ends: only what is under way is kept. */
  #keep(connection: number, session: Session): void {
    const clean =
      session.expected === undefined && session.pending.size === 0 && session.tooMuch === undefined;
    if (clean) this.#sessions.delete(connection);
    else this.#sessions.set(connection, session);
  }
}

/**
 * It gives the transaction up, or is what psql says before anything. COMMIT of a failed one is a ROLLBACK, and some
 * drivers say nothing else. Back to a savepoint would be the way to keep what was too much.
 */
function givesUp([step, ...more]: readonly Step[], transaction: TransactionState): boolean {
  if (more.length > 0) return false;
  return (
    step?.kind === 'rollback' ||
    step?.kind === 'savepoint' ||
    (step?.kind === 'commit' && transaction === 'failed')
  );
}

function rowsOf(tag: string): number {
  return Number(counted.exec(tag)?.[2] ?? 0);
}

function needsTransaction(most: number): Refusal {
  return {
    sqlState: '25P01',
    message: `This was not sent: in production a write needs a transaction, so that it can be stopped when it changes more than ${most} rows.`,
    hint: 'BEGIN first, look at the number of rows, then COMMIT. In psql: \\set AUTOCOMMIT off; in a GUI: manual commit.',
  };
}

function exceeded(tag: string, most: number): Refusal {
  return {
    sqlState: '54000',
    message: `${tag} is more than the ${most} rows that one statement may change, so the transaction ends here: nothing of it is kept.`,
    hint: 'ROLLBACK, and change less at a time; or open the database with a larger --max-rows.',
  };
}

const alone: Refusal = {
  sqlState: '25001',
  message: 'COMMIT was not sent: it must be sent by itself, after the number of changed rows has come back.',
  hint: 'Nothing is kept until you COMMIT.',
};
