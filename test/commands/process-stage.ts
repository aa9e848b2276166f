import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type ForgeStage, startForgeStage } from '../identity/forge-stage.ts';
import { builtForge } from '../support/built-forge.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** The built forge as processes, each test in a new home where dana is signed in. */
export interface ProcessStage {
  readonly stage: ForgeStage;
  readonly binary: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  run(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    input?: string | Buffer,
  ): Promise<Ended>;
  /** Path of a file in the home. */
  inHome(name: string): string;
}

/** Set up before and taken down after the tests of the file that calls it. */
export function useProcessStage(): ProcessStage {
  let stage: ForgeStage;
  let binary: string;
  beforeAll(async () => {
    [stage, binary] = await Promise.all([startForgeStage(), builtForge()]);
  }, 120_000);
  afterAll(() => stage[Symbol.asyncDispose]());
  beforeEach(async () => {
    stage.newHome();
    await stage.signIn('dana');
  });
  const start: ProcessStage['start'] = (args, env = {}) =>
    spawn(process.execPath, [binary, ...args], {
      env: { ...stage.host().env, ...env },
      cwd: stage.host().directories.home,
    });
  return {
    get stage() {
      return stage;
    },
    get binary() {
      return binary;
    },
    start,
    run: (args, env, input) => ended(start(args, env), input),
    inHome: (name) => join(stage.host().directories.home, name),
  };
}

/** Waits for the end of a process; its stdout byte for byte, as Latin-1. */
export function ended(child: ChildProcess, input: string | Buffer = ''): Promise<Ended> {
  const seen: Record<'out' | 'err', Buffer[]> = { out: [], err: [] };
  child.stdout?.on('data', (chunk: Buffer) => seen.out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => seen.err.push(chunk));
  child.stdin?.end(input);
  return new Promise((resolve) =>
    child.on('close', (code, signal) =>
      resolve({
        code,
        signal,
        out: Buffer.concat(seen.out).toString('latin1'),
        err: Buffer.concat(seen.err).toString(),
      }),
    ),
  );
}
