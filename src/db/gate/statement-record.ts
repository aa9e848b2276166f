import type { Access } from '../../access/with-access.ts';
import { appendToJournal } from '../../audit/journal.ts';
import { statementsName } from '../../audit/statement-stream.ts';
import { openStream, type StreamFile } from '../../audit/stream-file.ts';
import { uninterrupted } from '../../audit/uninterrupted.ts';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { Output } from '../../terminal/output.ts';
import type { MaskSql } from '../proxy/mask-passwords.ts';
import type { Outcome, Statement, StatementWatcher } from '../proxy/statement.ts';
import { StatementLog } from '../proxy/statement-log.ts';

export interface StatementRecord extends StatementWatcher, AsyncDisposable {}

export interface RecordOptions {
  /** What must not be written down, besides passwords. */
  readonly mask: MaskSql | undefined;
  /** No record, no statement; else it is said once, and goes on without. */
  readonly demanded: boolean;
}

type RecordParts = { readonly host: Host; readonly output: Pick<Output, 'warn'> };

/**
 * The statements of one access in a stream of its own, which the journal knows from its beginning, and with count and
 * hash from its end. Throws failed STATEMENTS_NOT_RECORDED where a record is demanded and can't be made.
 */
export async function openStatementRecord(
  parts: RecordParts,
  { id, breakglass }: Pick<Access, 'id' | 'breakglass'>,
  { mask, demanded }: RecordOptions,
): Promise<StatementRecord> {
  const { host, output } = parts;
  const file = statementsName(id);
  let stream: StreamFile | undefined;
  try {
    stream = await openStream(host, { session: breakglass ?? id, name: file });
    await appendToJournal(host, { type: 'statements.opened', id, breakglass, file });
  } catch (error) {
    await stream?.close();
    host.signal.throwIfAborted();
    if (demanded) throw notRecorded(error);
    output.warn(`Statements are not recorded. ${textOf(error)}`);
    return { before: () => undefined, put() {}, after() {}, async [Symbol.asyncDispose]() {} };
  }
  const log = new StatementLog(host, stream, { access: id, breakglass, mask });
  const watcher = demanded ? log : new ForgivingWatcher(log, output);
  return {
    before: (statement) => watcher.before(statement),
    put: () => watcher.put(),
    after: (outcome) => watcher.after(outcome),
    async [Symbol.asyncDispose]() {
      // What the disk did not take has been told with the statement; the journal then has no closing record of it.
      const whole = await log[Symbol.asyncDispose]().then(
        () => true,
        () => false,
      );
      const { bytes, sha256 } = await stream.close();
      if (!whole) return;
      const { statements, lines, head } = log.written;
      await appendToJournal(uninterrupted(host), {
        type: 'statements.closed',
        id,
        breakglass,
        file,
        statements,
        lines,
        head,
        bytes,
        sha256,
      }).catch(() => {});
    },
  };
}

/** Where nothing is demanded a full disk stops nobody. */
class ForgivingWatcher implements StatementWatcher {
  readonly #log: StatementLog;
  readonly #output: Pick<Output, 'warn'>;
  #told = false;

  constructor(log: StatementLog, output: Pick<Output, 'warn'>) {
    this.#log = log;
    this.#output = output;
  }

  before(statement: Statement): undefined {
    this.#log.before(statement)?.catch((error: unknown) => this.#tell(error));
    return undefined;
  }

  put(): void {
    try {
      this.#log.put();
    } catch (error) {
      this.#tell(error);
    }
  }

  after(outcome: Outcome): void {
    this.#log.after(outcome);
  }

  #tell(error: unknown): void {
    if (!this.#told) this.#output.warn(`Statements are no longer recorded. ${textOf(error)}`);
    this.#told = true;
  }
}

function notRecorded(error: unknown): ForgeError {
  return new ForgeError(
    'failed',
    `Can't open this database without a record of what runs there. ${textOf(error)}`,
    {
      code: 'STATEMENTS_NOT_RECORDED',
      hint: error instanceof ForgeError ? error.hint : undefined,
      cause: error,
    },
  );
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
