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

/** What may be answered with a message of this type, by its number. */
export const answers: readonly (ReadonlySet<RequestKind> | undefined)[] = table({
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
});
/** Of which it is the whole answer. */
export const completes: readonly (ReadonlySet<RequestKind> | undefined)[] = table({
  ...{ '1': ['parse'], '2': ['bind'], '3': ['close'] },
  ...{ n: ['describe'], T: ['describe'], I: ['execute'] },
});

function table(
  kinds: Readonly<Record<string, readonly RequestKind[]>>,
): (ReadonlySet<RequestKind> | undefined)[] {
  const found: (ReadonlySet<RequestKind> | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (const [type, of] of Object.entries(kinds)) found[type.charCodeAt(0)] = new Set(of);
  return found;
}

export function outOfTurn(type: number): ProtocolViolation {
  const name = JSON.stringify(String.fromCharCode(type));
  return new ProtocolViolation(`the database sent a message of type ${name} out of turn`);
}
