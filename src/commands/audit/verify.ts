import type { FoundStream } from '../../audit/statement-stream.ts';
import { verifyJournal } from '../../audit/verify-journal.ts';
import { type StreamProblem, verifyStatements } from '../../audit/verify-statements.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { archiveOption } from './archive-option.ts';
import { journalPlan } from './plan-audit.ts';
import { type Since, sinceOption } from './since-option.ts';

interface VerifyOptions {
  readonly archive?: boolean;
  readonly since?: Since;
  readonly trail?: boolean;
}

export default defineCommand<VerifyOptions>({
  description: 'Checks that the record is whole, and names the first place where it is not.',
  arguments: [{ name: '[id]', description: 'with --archive: one break-glass session, BG-… or bg-7f3k' }],
  options: [
    archiveOption,
    sinceOption,
    {
      flags: '--trail',
      description: 'with --archive: that CloudTrail knows of no grant that has no session',
    },
  ],
  examples: [
    [
      'forge audit verify',
      'the journal of this machine, every hash and every link, and the statements it tells of',
    ],
    [
      'forge audit verify --archive',
      'all of the archive, its ledger, and the statements that were delivered',
    ],
    ['forge audit verify --archive bg-7f3k', 'one session'],
    ['forge audit verify --archive --since 7d --trail --output json', 'what an auditor runs every week'],
  ],
  details: `Exit code: 0 nothing was found, 1 something was, 2 it could not be checked.
--archive needs break_glass.audit_permission_set. --since takes sessions of which anything was written or deleted since then; the
ledger is read whole. CloudTrail answers for 90 days. That the newest records of the journal were cut off can't be seen: what
AWS recorded is the truth.`,
  async run(context, { args, options }) {
    const [id] = args;
    if (
      options.archive !== true &&
      (id !== undefined || options.since !== undefined || options.trail === true)
    ) {
      throw new ForgeError(
        'usage',
        'An id, --since and --trail are about the archive: the journal is checked whole.',
        {
          code: 'ARCHIVE_NEEDED',
          hint: 'forge audit verify, or forge audit verify --archive …',
        },
      );
    }
    try {
      if (options.archive !== true) return await checkJournal(context);
      const { checkArchive } = await import('./check-archive.ts');
      return await checkArchive(context, { ...options, session: id });
    } catch (error) {
      throw notChecked(error);
    }
  },
});

async function checkJournal({ host, output, globals }: Context): Promise<number> {
  if (globals.plan) {
    output.plan(journalPlan('Check every hash and every link of the journal.'));
    return 0;
  }
  const { records, torn, complete, problem, streams } = await verifyJournal(host);
  const found = problem ?? (complete ? undefined : noBeginning) ?? firstProblem(streams);
  output.result({
    data: { ok: found === undefined, records, torn, streams: streams.length, finding: found ?? null },
    text: (style) => {
      if (found !== undefined) {
        const where = found.file === undefined ? '' : `${found.file}:${found.line}: `;
        return style.danger(`${where}${found.reason}.`);
      }
      const unfinished = torn === 0 ? '' : `; ${torn} unfinished by a crash, each accounted for`;
      const ofStreams =
        streams.length === 0
          ? ''
          : `; ${streams.length} ${streams.length === 1 ? 'stream' : 'streams'} of statements`;
      return `${style.good('whole')}  ${style.plain(`${records} records${unfinished}${ofStreams}`)}`;
    },
  });
  return found === undefined ? 0 : 1;
}

function firstProblem(streams: readonly FoundStream[]): StreamProblem | undefined {
  for (const stream of streams) {
    const problem = verifyStatements(stream);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const noBeginning = {
  file: undefined,
  line: undefined,
  reason: 'The first record continues one that is not there: older records were taken away',
};

/** Only what was found is 1: a script must not take a network failure for tampering. */
function notChecked(error: unknown): unknown {
  if (!(error instanceof ForgeError) || error.kind === 'interrupted' || error.kind === 'terminated')
    return error;
  const { kind, message, code, hint } = error;
  return new ForgeError(kind, message, { code, hint, exitCode: 2, cause: error });
}
