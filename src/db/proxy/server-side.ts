import { errorFields } from './error-fields.ts';
import type { Pipeline } from './pipeline.ts';
import { ProtocolViolation } from './protocol-violation.ts';
import { ServerScanner } from './server-scanner.ts';
import type { SessionState } from './session-state.ts';
import type { TransactionState } from './statement.ts';

/** NoticeResponse, NotificationResponse: any time, of nothing. */
const asides = new Set([code('N'), code('A')]);
const withContent = new Set([code('C'), code('E'), code('Z'), code('S')]);
const error = code('E');

/** Reads what the server sends along into the pipeline and the session's state. */
export class ServerSide {
  readonly #pipeline: Pipeline;
  readonly #state: SessionState;
  readonly #scanner: ServerScanner;
  /** It has said why it ends the connection. */
  saidGoodbye = false;

  constructor(pipeline: Pipeline, state: SessionState) {
    this.#pipeline = pipeline;
    this.#state = state;
    let instead = Buffer.alloc(0);
    this.#scanner = new ServerScanner({
      rows: (count) => pipeline.rows(count),
      begins: (type) => {
        if (type === error) {
          const found = pipeline.insteadOfError;
          if (found !== undefined) instead = Buffer.from(found);
          return found !== undefined;
        }
        if (!withContent.has(type) && !asides.has(type)) pipeline.answered(String.fromCharCode(type));
        return false;
      },
      replaced: () => instead,
      content: (type, body) => this.#content(type, body),
    });
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

  #content(type: number, body: Buffer): void {
    if (type === code('C')) this.#pipeline.completed(textAt(body, 0));
    else if (type === code('Z')) this.#pipeline.ready(transactionOf(body[0]));
    else if (type === code('S')) {
      const name = textAt(body, 0);
      this.#state.parameterChanged(name, textAt(body, Buffer.byteLength(name) + 1));
    } else {
      const { sqlState, message } = errorFields(body);
      // Severity V is not localized: ERROR, FATAL, PANIC.
      if (/\0V(FATAL|PANIC)\0/.test(body.toString('latin1'))) this.saidGoodbye = true;
      this.#pipeline.failed(sqlState, message);
    }
  }
}

function transactionOf(status: number | undefined): TransactionState {
  if (status === code('I')) return 'idle';
  if (status === code('T')) return 'open';
  if (status === code('E')) return 'failed';
  throw new ProtocolViolation('the database is in a state that does not exist');
}

function textAt(body: Buffer, start: number): string {
  const end = body.indexOf(0, start);
  return body.toString('utf8', start, end < 0 ? body.length : end);
}

function code(character: string): number {
  return character.charCodeAt(0);
}
