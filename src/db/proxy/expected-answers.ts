import { ProtocolViolation } from './protocol-violation.ts';

/** What a message of the client makes the server answer. Flush and CopyData are not answered. */
export type RequestKind =
  | 'query'
  | 'function'
  | 'parse'
  | 'bind'
  | 'describe'
  | 'execute'
  | 'close'
  | 'sync'
  | 'copy-end';

/** What may be answered with a message of this type. */
export const answers: Readonly<Record<string, readonly RequestKind[]>> = {
  '1': ['parse'],
  '2': ['bind'],
  '3': ['close'],
  t: ['describe'],
  n: ['describe'],
  T: ['describe', 'query'],
  s: ['execute'],
  I: ['execute', 'query'],
  G: ['execute', 'query'],
  H: ['execute', 'query'],
  d: ['execute', 'query'],
  c: ['execute', 'query'],
  V: ['function'],
};
/** Of which it is the whole answer. */
export const completes: Readonly<Record<string, readonly RequestKind[]>> = {
  ...{ '1': ['parse'], '2': ['bind'], '3': ['close'] },
  ...{ n: ['describe'], T: ['describe'], I: ['execute'] },
};

export function outOfTurn(type: string): ProtocolViolation {
  return new ProtocolViolation(`the database sent a message of type ${JSON.stringify(type)} out of turn`);
}
