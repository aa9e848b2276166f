import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';

export interface GuardedOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: 'pipe' | 'ignore';
}

/**
 * A plain child would outlive a sandbox that is killed. This shell holds the read end of a pipe from it; when the
 * pipe closes, it kills its process group, which is its own.
 */
const guard = `
trap : INT QUIT
( read -r nothing <&3; kill -KILL 0 ) </dev/null >/dev/null 2>&1 &
watcher=$!
exec 3<&-
"$@"
code=$?
kill -KILL "$watcher" 2>/dev/null
exit $code
`;

/** A program without a terminal, in a process group of its own that ends with this process, however that ends. */
export function spawnGuarded(argv: readonly string[], { cwd, env, stdin }: GuardedOptions): ChildProcess {
  const stdio: StdioOptions = [stdin, 'pipe', 'pipe', 'pipe'];
  const child = spawn('/bin/sh', ['-c', guard, 'forge-guard', ...argv], { cwd, env, stdio, detached: true });
  for (const stream of child.stdio) stream?.on('error', () => {});
  return child;
}
