import { ProtocolViolation } from './protocol-violation.ts';

/** What a message of the client makes the server answer, a bit each. Flush and CopyData are not answered. */
export const kinds = {
  query: 1,
  function: 2,
  parse: 4,
  bind: 8,
  describe: 16,
  execute: 32,
  close: 64,
  sync: 128,
  copyEnd: 256,
} as const;
/** One of `kinds`. */
export type RequestKind = (typeof kinds)[keyof typeof kinds];

const { query, function: functionCall, parse, bind, describe, execute, close } = kinds;

/** The kinds that may be answered with a message of this type, by its number; 0: no server sends it. */
export const answers: readonly number[] = table({
  '1': parse,
  '2': bind,
  '3': close,
  t: describe,
  n: describe,
  T: describe | query,
  s: execute,
  I: execute | query,
  G: execute | query,
  H: execute | query,
  d: execute | query,
  c: execute | query,
  V: functionCall,
});
/** Of which it is the whole answer. */
export const completes: readonly number[] = table({
  ...{ '1': parse, '2': bind, '3': close },
  ...{ n: describe, T: describe, I: execute },
});

function table(of: Readonly<Record<string, number>>): number[] {
  const found: number[] = Array.from({ length: 256 }, () => 0);
  for (const [type, bits] of Object.entries(of)) found[type.charCodeAt(0)] = bits;
  return found;
}

export function outOfTurn(type: number): ProtocolViolation {
  const name = JSON.stringify(String.fromCharCode(type));
  return new ProtocolViolation(`the database sent a message of type ${name} out of turn`);
}
