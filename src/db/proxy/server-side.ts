import { errorFields } from './error-fields.ts';
import { KnownBytes } from './known-bytes.ts';
import type { Pipeline } from './pipeline.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { ServerScanner, type ServerSink } from './server-scanner.ts';
import type { SessionState } from './session-state.ts';
import type { TransactionState } from './statement.ts';

/** NoticeResponse, NotificationResponse: any time, of nothing. */
const [notice, notification] = [code('N'), code('A')];
const [complete, error, ready, parameter] = [code('C'), code('E'), code('Z'), code('S')];

/** Reads what the server sends along into the pipeline and the session's state. */
export class ServerSide implements ServerSink {
  readonly #pipeline: Pipeline;
  readonly #state: SessionState;
  readonly #scanner = new ServerScanner(this);
  readonly #tags = new KnownBytes<string>();
  /** What the client gets in place of the error that has begun. */
  #instead: Buffer = nothing;
  /** It has said why it ends the connection. */
  saidGoodbye = false;

  constructor(pipeline: Pipeline, state: SessionState) {
    this.#pipeline = pipeline;
    this.#state = state;
  }

  get atBoundary(): boolean {
    return this.#scanner.atBoundary;
  }

  stopAtBoundary(): void {
    this.#scanner.stopAtBoundary();
  }

  push(chunk: Buffer, pass: (bytes: Buffer) => void): void {
    this.#scanner.push(chunk, pass);
  }

  rows(count: number): void {
    this.#pipeline.rows(count);
  }

  begins(type: number): boolean {
    if (type === complete || type === ready || type === parameter) return false;
    if (type === notice || type === notification) return false;
    if (type !== error) {
      this.#pipeline.answered(type);
      return false;
    }
    const instead = this.#pipeline.insteadOfError;
    this.#instead = instead ?? nothing;
    return instead !== undefined;
  }

  replaced(): Buffer {
    return this.#instead;
  }

  content(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === complete)
      this.#pipeline.completed(
        this.#tags.find(bytes, start, end) ?? this.#tags.add(bytes, start, end, textAt(bytes, start, end)),
      );
    else if (type === ready) this.#pipeline.ready(transactionOf(start < end ? bytes[start] : undefined));
    else if (type === parameter) {
      const name = textAt(bytes, start, end);
      this.#state.parameterChanged(name, textAt(bytes, start + Buffer.byteLength(name) + 1, end));
    } else {
      const body = bytes.subarray(start, end);
      const { sqlState, message } = errorFields(body);
      // Severity V is not localized: ERROR, FATAL, PANIC.
      if (/\0V(FATAL|PANIC)\0/.test(body.toString('latin1'))) this.saidGoodbye = true;
      this.#pipeline.failed(sqlState, message);
    }
  }
}

const nothing = Buffer.alloc(0);

function endOf(bytes: Buffer, start: number, end: number): number {
  const nul = bytes.indexOf(0, start);
  return nul < 0 || nul > end ? end : nul;
}

function transactionOf(status: number | undefined): TransactionState {
  if (status === code('I')) return 'idle';
  if (status === code('T')) return 'open';
  if (status === code('E')) return 'failed';
  throw new ProtocolViolation('the database is in a state that does not exist');
}

function textAt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, endOf(bytes, start, end));
}

function code(character: string): number {
  return character.charCodeAt(0);
}
