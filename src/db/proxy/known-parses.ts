import type { ClientMessage } from './client-framer.ts';
import type { PreparedText } from './session-state.ts';

export interface Prepared {
  readonly name: string;
  readonly text: PreparedText;
}

const longest = 2_048;
const places = 32;

/**
 * What the Parse messages of one connection were found to say, by their bytes. Drivers that do not keep prepared
 * statements send the same few with each execution: to compare the bytes takes a third of the time of reading them.
 */
export class KnownParses {
  readonly #known: ({ readonly body: Buffer; readonly prepared: Prepared } | undefined)[] = Array.from(
    { length: places },
    () => undefined,
  );

  /** `standardStrings`: what the text means hangs on it. */
  find({ source, body, end }: ClientMessage, standardStrings: boolean): Prepared | undefined {
    const size = end - body;
    const known = this.#known[size % places];
    if (known === undefined || known.body.length !== size) return undefined;
    if (known.prepared.text.standardStrings !== standardStrings) return undefined;
    const bytes = known.body;
    for (let at = 0; at < size; at++) if (bytes[at] !== source[body + at]) return undefined;
    return known.prepared;
  }

  add({ source, body, end }: ClientMessage, prepared: Prepared): Prepared {
    const size = end - body;
    // A view would keep all that came with it.
    if (size <= longest)
      this.#known[size % places] = { body: Buffer.from(source.subarray(body, end)), prepared };
    return prepared;
  }
}
