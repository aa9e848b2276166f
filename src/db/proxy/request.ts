import type { RequestKind } from './expected-answers.ts';
import type { Statement } from './statement.ts';

/** What changes with the server's answer. */
export interface Settlement {
  /** The server has done what was asked. */
  confirm(): void;
  /** It has not, and will not. */
  drop(): void;
}

/** A message that the server answers, and what it has answered: one object, for there are tens of thousands a second. */
export class Request {
  readonly kind: RequestKind;
  /** What it runs or prepares. */
  readonly statement: Statement | undefined;
  readonly settlement: Settlement | undefined;
  /** The ErrorResponse that the client gets in place of the server's: the statement was refused. */
  readonly instead: Buffer | undefined;
  sentAt = 0;
  /** Rows since the last tag. */
  seen = 0;
  rows = 0;
  tags = noTags;
  sqlState: string | undefined = undefined;
  /** The server reads CopyData for it. */
  copying = false;

  constructor(kind: RequestKind, statement?: Statement, settlement?: Settlement, instead?: Buffer) {
    this.kind = kind;
    this.statement = statement;
    this.settlement = settlement;
    this.instead = instead;
  }
}

const noTags: readonly string[] = [];
