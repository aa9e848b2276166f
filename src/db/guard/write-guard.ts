import type {
  GuardContext,
  Outcome,
  Refusal,
  Statement,
  StatementGuard,
  StatementWatcher,
} from '../proxy/statement.ts';
import { type ConfirmationParts, Confirmations } from './confirmations.ts';
import { findRisks } from './find-risks.ts';
import { KnownTexts } from './known-texts.ts';
import { assureAgreement } from './parser-agrees.ts';
import { RowCeiling } from './row-ceiling.ts';
import { type Parsed, SqlParser } from './sql-parser.ts';
import { type Step, stepOf } from './transaction-steps.ts';

export interface WriteGuardOptions extends ConfirmationParts {
  /** That one statement may change; undefined: any number, and then no transaction is needed either. */
  readonly maxRows: number | undefined;
}

/** The guard, and who must see the outcomes for it: it is put before the proxy's watcher. */
export interface WriteGuard extends StatementGuard {
  watch(watcher: StatementWatcher): StatementWatcher;
}

interface Analysis {
  readonly refusal: Refusal | undefined;
  readonly risks: readonly string[];
  readonly steps: readonly Step[];
}

const ofData = ['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt'];

/** Rails for a person who may write to production: they stop the slip of a hand, not somebody who means harm. */
export async function createWriteGuard(options: WriteGuardOptions): Promise<WriteGuard> {
  return new RailsForWrites(await SqlParser.load(), options);
}

class RailsForWrites implements WriteGuard {
  readonly #parser: SqlParser;
  readonly #target: string;
  readonly #confirmations: Confirmations;
  readonly #ceiling: RowCeiling | undefined;
  readonly #known = new KnownTexts<Analysis>();

  constructor(parser: SqlParser, options: WriteGuardOptions) {
    this.#parser = parser;
    this.#target = options.target;
    this.#confirmations = new Confirmations(options);
    this.#ceiling = options.maxRows === undefined ? undefined : new RowCeiling(options.maxRows);
  }

  check(statement: Statement, context: GuardContext): Refusal | undefined | Promise<Refusal | undefined> {
    // A function by its number: what a SELECT of it could do as well.
    if (statement.kind === 'function') return undefined;
    const disagreement = assureAgreement(statement, context);
    if (disagreement !== undefined) return disagreement;
    const { sql } = statement;
    const known = this.#known.find(sql);
    if (known !== undefined) return this.#judge(statement, known.finding);
    const parsed = this.#parser.parse(sql);
    return parsed instanceof Promise
      ? parsed.then((tree) => this.#judge(statement, this.#analyse(sql, tree)))
      : this.#judge(statement, this.#analyse(sql, parsed));
  }

  watch(watcher: StatementWatcher): StatementWatcher {
    const ceiling = this.#ceiling;
    if (ceiling === undefined) return watcher;
    return {
      before: (statement) => watcher.before(statement),
      put: () => watcher.put(),
      after: (outcome: Outcome) => {
        ceiling.after(outcome);
        watcher.after(outcome);
      },
    };
  }

  #judge(statement: Statement, { refusal, risks, steps }: Analysis): Refusal | undefined {
    if (refusal !== undefined) return refusal;
    const { sql, kind } = statement;
    // A Parse runs nothing: what it prepares is asked about, and counted when a Bind of the same text runs it.
    if (kind === 'prepare') return this.#unconfirmed(sql, risks);
    const stopped = this.#ceiling?.check(statement, steps, false) ?? this.#unconfirmed(sql, risks);
    if (stopped !== undefined) return stopped;
    if (risks.length > 0 && !this.#confirmations.use(sql)) return this.#ask(sql, risks);
    this.#ceiling?.check(statement, steps, true);
    return undefined;
  }

  #unconfirmed(sql: string, risks: readonly string[]): Refusal | undefined {
    return risks.length === 0 || this.#confirmations.isConfirmed(sql) ? undefined : this.#ask(sql, risks);
  }

  #ask(sql: string, risks: readonly string[]): Refusal {
    const message = `Not sent yet, for this is production (${this.#target}): ${riskWords(risks)}.`;
    try {
      const word = this.#confirmations.ask(sql);
      const hint = `If that is what you mean, send it again with this before it: /* forge:confirm=${word} */ (for this text, once, within 5 minutes)`;
      return { sqlState: '42501', message, hint };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { sqlState: '42501', message, hint: `It can't be confirmed now. ${why}` };
    }
  }

  #analyse(sql: string, parsed: Parsed): Analysis {
    const analysis: Analysis =
      'problem' in parsed
        ? { refusal: notRead(parsed), risks: [], steps: [] }
        : {
            refusal: undefined,
            risks: parsed.statements.flatMap((statement) => findRisks(statement)),
            steps: parsed.statements.map(stepOf),
          };
    const [one, ...more] = 'statements' in parsed ? parsed.statements : [];
    const plain =
      one !== undefined &&
      more.length === 0 &&
      ofData.some((type) => one[type]) &&
      findRisks(one, true).length === 0;
    return this.#known.add(sql, analysis, plain);
  }
}

/** As part of a sentence. */
export function riskWords(risks: readonly string[]): string {
  return (risks.length > 3 ? [...risks.slice(0, 3), `and ${risks.length - 3} more`] : risks).join('; ');
}

function notRead({ problem, kind }: Extract<Parsed, { problem: string }>): Refusal {
  return kind === 'limit'
    ? {
        sqlState: '54001',
        message: `This statement was not sent, for forge can't judge it: ${problem}.`,
        hint: 'Make it smaller: data belongs into parameters or COPY.',
      }
    : {
        sqlState: '42601',
        message: problem,
        hint: "forge read it with PostgreSQL 18's parser and did not send it: in production all must be understood.",
      };
}
