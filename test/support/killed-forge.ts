import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { builtForge } from './built-forge.ts';
import type { TestSandbox } from './sandbox.ts';

/** Where a forge is killed: before its n-th call reached AWS, or after it took effect and before its answer came. */
export interface KillPoint {
  readonly call: number;
  readonly side: 'before' | 'after';
}

export interface KilledRun {
  /** Names of the calls that were made. */
  readonly calls: readonly string[];
  readonly killed: boolean;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The built forge as `person`; with a point, killed there by SIGKILL. One at a time, the handlers beside it. */
export async function runKilled(
  sandbox: TestSandbox,
  person: string,
  args: readonly string[],
  point?: KillPoint,
): Promise<KilledRun> {
  const child = spawn(process.execPath, [await builtForge(), ...args], {
    env: sandbox.environment({ person }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const calls: string[] = [];
  let killed = false;
  const kill = (request: IncomingMessage) => {
    killed = true;
    child.kill('SIGKILL');
    request.socket.destroy();
  };
  // The sandbox's server is in this process: Node tells of each request before anybody reads it.
  const onRequest = (message: unknown) => {
    const { request, response } = message as Started;
    const agent = request.headers['user-agent'] ?? '';
    if (!agent.includes('aws-sdk-js') || agent.includes('forge-breakglass-')) return;
    calls.push(nameOf(request));
    if (calls.length !== point?.call) return;
    if (point.side === 'before') return kill(request);
    response.end = () => {
      kill(request);
      return response;
    };
  };
  subscribe('http.server.request.start', onRequest);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return {
      calls,
      killed,
      code,
      stdout: Buffer.concat(out).toString(),
      stderr: Buffer.concat(err).toString(),
    };
  } finally {
    unsubscribe('http.server.request.start', onRequest);
  }
}

/**
 * The points of a run: before and after each call that changes something, after the one that follows it, after the first
 * and the last. What reads in between leaves everything as it is.
 */
export function killPoints({ calls }: KilledRun): readonly KillPoint[] {
  const changes = (name: string | undefined) => /^(?:PutObject|Create|Delete|AssumeRole)/.test(name ?? '');
  return calls.flatMap((name, index): KillPoint[] => {
    const call = index + 1;
    if (changes(name))
      return [
        { call, side: 'before' },
        { call, side: 'after' },
      ];
    const worth = index === 0 || call === calls.length || changes(calls[index - 1]);
    return worth ? [{ call, side: 'after' }] : [];
  });
}

function nameOf({ method, url = '', headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? target;
  // Of STS the name is in the body, which nobody has read yet: who asks who they are says nothing else.
  if (method === 'POST' && url === '/')
    return Number(headers['content-length']) > 80 ? 'AssumeRole' : 'GetCallerIdentity';
  return method === 'PUT' ? 'PutObject' : `${method} ${url.split('?')[0]}`;
}
