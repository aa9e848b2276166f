import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { expect } from 'vitest';
import type { Session } from '../../../src/sandbox/ssm/session.ts';
import { startEcho, type TcpTarget } from '../../ssm/tcp-target.ts';
import { builtForge } from '../../support/built-forge.ts';
import { installPluginStandIn, type PluginStandIn } from '../../support/plugin-stand-in.ts';
import { type Run, startTestSandbox, type TestSandbox } from '../../support/sandbox.ts';

export const withPlugin = ['--transport', 'plugin'] as const;

export interface RunningForge {
  readonly child: ChildProcessWithoutNullStreams;
  /** So far: stdout with a character for each byte, stderr as text. */
  readonly said: { readonly out: string; readonly err: string };
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
  /** Until stdout matches. */
  waitFor(pattern: RegExp): Promise<void>;
}

/** A sandbox, somebody signed in, an echo behind its instances, and a stand-in for AWS's plugin. */
export interface PluginStage extends AsyncDisposable {
  readonly sandbox: TestSandbox;
  readonly echo: TcpTarget;
  readonly plugin: PluginStandIn;
  /** `forge ssm …` to its end. */
  forge(args: readonly string[], env?: Record<string, string | undefined>): Promise<Run>;
  /** The same, left running; ended at the latest by endAll. */
  start(...args: string[]): Promise<RunningForge>;
  endAll(): void;
  sessions(): readonly Session[];
  /** Those that nobody has ended. */
  open(): readonly Session[];
}

export async function startPluginStage(): Promise<PluginStage> {
  const sandbox = await startTestSandbox();
  const echo = await startEcho();
  await sandbox.signIn();
  const plugin = await installPluginStandIn(await sandbox.newHome());
  for (const [host, port] of [
    ['localhost', 22],
    ['localhost', 7],
    ['echo.internal', 7],
  ] as const) {
    sandbox.world.ssm.network.register({ instance: undefined, host, port, localPort: echo.port });
  }
  const running: ChildProcessWithoutNullStreams[] = [];
  const sessions = () => [...sandbox.world.ssm.sessions.values()];
  return {
    sandbox,
    echo,
    plugin,
    sessions,
    open: () => sessions().filter(({ endedAt }) => endedAt === undefined),
    forge: (args, env = plugin.env) => sandbox.forge(['ssm', ...args], { env }),
    async start(...args) {
      const child = spawn(process.execPath, [await builtForge(), 'ssm', ...args], {
        env: sandbox.environment({ env: plugin.env }),
        stdio: 'pipe',
      });
      running.push(child);
      child.stdin.on('error', () => {});
      const said = { out: '', err: '' };
      child.stdout.setEncoding('latin1').on('data', (text: string) => {
        said.out += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said.err += text;
      });
      const ended = new Promise<number | string>((resolve) => {
        child.once('close', (code, name) => resolve(code ?? name ?? ''));
      });
      const waitFor = async (pattern: RegExp) => {
        await expect.poll(() => said.out, { timeout: 20_000, interval: 20 }).toMatch(pattern);
      };
      return { child, said, ended, waitFor };
    },
    endAll() {
      for (const child of running.splice(0)) child.kill('SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await echo[Symbol.asyncDispose]();
      await sandbox[Symbol.asyncDispose]();
    },
  };
}
