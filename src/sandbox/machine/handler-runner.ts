import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StateFailure } from './asl/state-failure.ts';

export type HandlerName = 'recorder' | 'revoker' | 'sweeper' | 'exporter';

export interface RunnerOptions {
  /** Where their archive was unpacked. */
  readonly folder: string;
  /** What a function's environment would be, its role's keys included. */
  environment(handler: HandlerName): Readonly<Record<string, string>>;
  /** The sandbox's clock minus the host's, milliseconds. */
  offset(): number;
  /** What handlers log. */
  log(line: string): void;
}

/** Runs the handlers as Lambda would: each in an environment of its own, which stays warm. */
export interface HandlerRunner extends AsyncDisposable {
  /** Throws a StateFailure: what the handler threw, or how it ended. */
  invoke(handler: HandlerName, payload: unknown): Promise<unknown>;
  /** Ends a handler's process in the middle of whatever it does. */
  kill(handler: HandlerName): void;
}

/** The file of the archive that holds all handlers: `index.recorder` and so on. */
const bundleFile = 'index.cjs';

/** A function's longest run, on the host's clock. */
const longestRunMs = 60_000;

/**
 * In the worker: the clock is the sandbox's, and the rest is the bundle. As text, because it must be nothing but what a
 * function's runtime is, whatever forge's own bundle becomes.
 */
const runtime = `
const { parentPort, workerData } = require('node:worker_threads');
const RealDate = Date;
const hostNow = RealDate.now;
let offset = workerData.offset;
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(hostNow() + offset);
    else super(...parts);
  }
  static now() {
    return hostNow() + offset;
  }
};
const handlers = require(workerData.bundle);
parentPort.on('message', async ({ id, handler, payload, offset: now }) => {
  offset = now;
  try {
    const result = await handlers[handler](JSON.parse(payload), {});
    parentPort.postMessage({ id, result: JSON.stringify(result ?? null) });
  } catch (error) {
    parentPort.postMessage({ id, error: String(error?.name), message: String(error?.message) });
  }
});
`;

interface Answer {
  readonly id: number;
  readonly result?: string;
  readonly error?: string;
  readonly message?: string;
}

interface Running {
  readonly worker: Worker;
  readonly waiting: Map<number, { resolve(result: unknown): void; reject(failure: StateFailure): void }>;
}

/** Lambda's limit for all that a function is configured with, names and values. */
const environmentBytes = 4_096;

function functionEnvironment({ environment }: RunnerOptions, handler: HandlerName) {
  const variables = environment(handler);
  const configured = Object.entries(variables).filter(([name]) => !givenByLambda.test(name));
  const bytes = configured.reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (bytes > environmentBytes)
    throw new Error(`The environment of ${handler} has ${bytes} bytes; Lambda takes ${environmentBytes}.`);
  return variables;
}

const givenByLambda = /^AWS_(?:REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/;

export function createHandlerRunner(options: RunnerOptions): HandlerRunner {
  const running = new Map<HandlerName, Running>();
  let calls = 0;

  function start(handler: HandlerName): Running {
    const worker = new Worker(runtime, {
      eval: true,
      env: functionEnvironment(options, handler),
      execArgv: [],
      workerData: { bundle: join(options.folder, bundleFile), offset: options.offset() },
      stdout: true,
      stderr: true,
    });
    const waiting: Running['waiting'] = new Map();
    const entry: Running = { worker, waiting };
    const over = (why: string) => {
      if (running.get(handler) === entry) running.delete(handler);
      for (const { reject } of waiting.values()) reject(new StateFailure('Lambda.Unknown', why));
      waiting.clear();
    };
    for (const stream of [worker.stdout, worker.stderr])
      stream.on('data', (chunk: Buffer) => options.log(`${handler}: ${chunk.toString().trimEnd()}`));
    worker.on('message', (answer: Answer) => {
      const call = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.error === undefined) call?.resolve(JSON.parse(answer.result ?? 'null'));
      else {
        options.log(`${handler}: ${answer.error}: ${answer.message}`);
        call?.reject(new StateFailure(answer.error, answer.message ?? ''));
      }
    });
    worker.on('error', (error) => over(error.message));
    worker.on('exit', (code) => over(`The handler's process ended (${code}).`));
    // The sandbox ends when its servers do; a handler that is warm is no reason to stay.
    worker.unref();
    running.set(handler, entry);
    return entry;
  }

  return {
    invoke(handler, payload) {
      const { worker, waiting } = running.get(handler) ?? start(handler);
      const id = ++calls;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          void worker.terminate();
        }, longestRunMs);
        const settled =
          <Value>(settle: (value: Value) => void) =>
          (value: Value) => {
            clearTimeout(timer);
            settle(value);
          };
        waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
        const text = JSON.stringify(payload ?? null);
        worker.postMessage({ id, handler, payload: text, offset: options.offset() });
      });
    },
    kill(handler) {
      void running.get(handler)?.worker.terminate();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.values()].map(({ worker }) => worker.terminate()));
    },
  };
}
