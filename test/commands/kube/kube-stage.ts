import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findEksCluster } from '../../sandbox/kubernetes/stage.ts';
import { builtForge } from '../../support/built-forge.ts';
import { bundleScript } from '../../support/bundle-script.ts';
import { eventually } from '../../support/processes.ts';
import { type Run, type RunOptions, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

export interface KubeStage extends AsyncDisposable {
  readonly sandbox: TestSandbox;
  /** A program that lists with nothing but KUBECONFIG: [node, script]. */
  readonly client: readonly [string, string];
  kube(args: readonly string[], options?: RunOptions): Promise<Run>;
  start(
    args: readonly string[],
    options?: Pick<RunOptions, 'person' | 'env' | 'home'>,
  ): Promise<RunningForge>;
  /** Sessions of Session Manager that are open now. */
  openSessions(): number;
  /** From now on only sessions that begin later count: what a try before left open is not the next one's. */
  forgetSessions(): void;
  /** Folders of runs in a person's cache. */
  runFolders(person: string): readonly string[];
  /** Records of a person's journal, oldest first. */
  journal(person: string): readonly Readonly<Record<string, unknown>>[];
  readonly cluster: (name: string) => ReturnType<typeof findEksCluster>;
}

/** forge as it runs, its streams in pipes. */
export interface RunningForge extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** 128 + n for a signal's name is not made of it: code, or name. */
  readonly ended: Promise<number | string>;
  /** Until stdout matches; rejects when it ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
}

/** A sandbox with dana and casey signed in. */
export async function startKubeStage(): Promise<KubeStage> {
  const sandbox = await startTestSandbox();
  const [client] = await Promise.all([
    sandbox
      .newHome()
      .then((home) =>
        bundleScript(join(import.meta.dirname, '..', '..', 'support', 'kubeconfig-worker.ts'), home),
      ),
    sandbox.signIn('dana'),
    sandbox.signIn('casey'),
  ]);
  const homeOf = (person: string) => sandbox.environment({ person }).HOME ?? '';
  let forgotten: ReadonlySet<string> = new Set();
  return {
    sandbox,
    client: [process.execPath, client],
    kube: (args, options) => sandbox.forge(['kube', ...args], options),
    start: async (args, options) =>
      running(
        spawn(process.execPath, [await builtForge(), 'kube', ...args], {
          env: sandbox.environment(options),
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ),
    openSessions: () =>
      [...sandbox.world.ssm.sessions].filter(
        ([id, session]) => session.running !== undefined && !forgotten.has(id),
      ).length,
    forgetSessions: () => {
      forgotten = new Set(sandbox.world.ssm.sessions.keys());
    },
    runFolders: (person) => listed(join(homeOf(person), '.cache', 'forge', 'kube')),
    journal(person) {
      const folder = join(homeOf(person), '.local', 'state', 'forge', 'audit');
      const lines = listed(folder)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    cluster: (name) => findEksCluster(sandbox.world, name),
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

function running(child: ChildProcess): RunningForge {
  let out = '';
  let err = '';
  let over = false;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, name) => {
      over = true;
      resolve(code ?? name ?? '');
    });
  });
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    async said(pattern) {
      await eventually(async () => over || pattern.test(out));
      const match = pattern.exec(out);
      if (match === null) throw new Error(`it did not say ${pattern}: ${out}${err}`);
      return match;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
