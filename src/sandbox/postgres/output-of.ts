import type { Host } from '../../host.ts';

/** What a program prints on stdout, or undefined when it can't be run or fails. Never waits longer than 5 s. */
export function outputOf(
  host: Pick<Host, 'spawn'>,
  command: string,
  args: readonly string[],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = host.spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    const settle = (text: string | undefined) => {
      clearTimeout(timer);
      resolve(text);
    };
    child.on('error', () => settle(undefined));
    child.on('close', (code) => settle(code === 0 ? Buffer.concat(chunks).toString() : undefined));
  });
}
