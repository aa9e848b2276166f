import type { Access, AccessParts } from '../access/with-access.ts';
import { type CommandLimit, limitCommand } from './command-session.ts';
import { PluginOutput } from './plugin-output.ts';
import { type PluginOrder, startPluginSession } from './plugin-session.ts';
import { sessionEnding } from './session-ending.ts';

/**
 * One command through the plugin: its output, stderr among it as the plugin has it, goes to `write`. Answers the
 * command's exit code. Throws the signal's reason, time-up at the limit, what starting and sessionEnding throw.
 */
export async function runPluginCommand(
  parts: AccessParts,
  access: Access,
  order: Omit<PluginOrder, 'stdio'>,
  write: (bytes: Buffer) => void | Promise<void>,
  limit: CommandLimit,
): Promise<number> {
  const { signal } = parts.host;
  // The plugin's own complaints go where forge's go.
  await using session = await startPluginSession(parts, access, {
    ...order,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { child, sessionId } = session;
  const output = new PluginOutput(sessionId, async (bytes) => write(bytes));
  const read = async () => {
    // Iterating holds the plugin back while `write` is not done.
    for await (const chunk of child.stdout ?? []) await output.push(chunk as Buffer);
    await session.ended;
    return output.end();
  };
  const { label } = order.instance;
  let stop: (reason: unknown) => void = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const onAbort = () => stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  using _limit = limitCommand(limit, label, stop);
  try {
    signal.throwIfAborted();
    const reading = read();
    const { exitCode, said } = await Promise.race([reading, interrupted]);
    if (exitCode !== undefined) return sessionEnding({ reason: 'remote', output: said, exitCode }, label);
    return sessionEnding({ reason: said === '' ? 'lost' : 'remote', output: said }, label);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
