import type { Host } from '../host.ts';
import type { Output } from './output.ts';

/** What a command says whose stderr is in the middle of another program's output. */
export interface LateOutput
  extends Pick<Output, 'note' | 'warn' | 'instruct' | 'debug' | 'progress' | 'raw'> {
  /** Resolves when all of it is written. */
  said(): Promise<void>;
}

/**
 * Says nothing but what must be seen, and with `debug` what happens. The code that renders it is loaded by the first
 * sentence: most often there is none, and loading costs a fifth of starting Node.
 */
export function lateOutput(host: Host, { debug }: { readonly debug: boolean }): LateOutput {
  let last: Promise<void> | undefined;
  const say = (speak: (output: Output) => void) => {
    const before = last;
    last = (async () => {
      const { createOutput } = await import('./output.ts');
      await before;
      speak(createOutput(host, { format: undefined, quiet: true, debug }));
    })();
  };
  return {
    note() {},
    warn: (text) => say((output) => output.warn(text)),
    instruct: (text) => say((output) => output.instruct(text)),
    debug: (text) => {
      if (debug) say((output) => output.debug(text));
    },
    progress: () => ({ update() {}, [Symbol.dispose]() {} }),
    async raw(text) {
      host.signal.throwIfAborted();
      if (host.writeOut !== undefined && typeof text === 'string') return host.writeOut(text);
      const { createOutput } = await import('./output.ts');
      await createOutput(host, { format: undefined, quiet: true, debug }).raw(text);
    },
    said: async () => last,
  };
}
