import { ForgeError } from '../../errors.ts';
import { findRisks } from './find-risks.ts';
import { SqlParser } from './sql-parser.ts';
import { stepOf } from './transaction-steps.ts';

/** What a script for production comes to before anything is opened. */
export interface WritePlan {
  /** What is asked about: each a few words. */
  readonly risks: readonly string[];
  /** It changes rows: forge begins its transaction, and commits once their numbers are known. */
  readonly transaction: boolean;
}

/**
 * What a script that is sent as one text needs of the rails for writes (write-guard.ts). What the parser can't read is left to
 * them. @throws usage OWN_COMMIT: it commits itself, before anybody knows how many rows it changed
 */
export async function planWrite(sql: string, maxRows: number | undefined): Promise<WritePlan> {
  const parser = await SqlParser.load();
  const parsed = await parser.parse(sql);
  const statements = 'statements' in parsed ? parsed.statements : [];
  const risks = statements.flatMap((statement) => findRisks(statement));
  const steps = statements.map(stepOf);
  const counted =
    maxRows !== undefined &&
    steps.some((step) => step.kind === 'write' || (step.kind === 'few' && step.rows > maxRows));
  if (counted && steps.some(({ kind }) => kind === 'commit')) throw ownCommit(maxRows);
  const own = steps.some(({ kind }) => kind === 'begin' || kind === 'rollback');
  return { risks, transaction: counted && !own };
}

function ownCommit(maxRows: number): ForgeError {
  return new ForgeError(
    'usage',
    `In production the script can't say COMMIT itself: forge does it, when no statement has changed more than ${maxRows} rows.`,
    {
      code: 'OWN_COMMIT',
      hint: 'Leave BEGIN and COMMIT out: it is one transaction. To let it commit uncounted: --max-rows 0',
    },
  );
}
