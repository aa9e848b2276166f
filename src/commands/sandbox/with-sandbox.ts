import type { Context } from '../../context.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { passingFolder, removePassingFolders, sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';
import type { SandboxState } from '../../sandbox/process/sandbox-state.ts';

/**
 * Runs `use` with the sandbox that runs, or with one of its own that ends with it. The latter lives in this very
 * process, so that nothing of it can stay behind.
 */
export async function withSandbox(
  { host, output }: Context,
  use: (state: SandboxState) => Promise<number>,
): Promise<number> {
  const folder = sandboxFolder(host);
  const found = await findSandbox(host, folder);
  if (found !== undefined) return use(found);
  await removePassingFolders(host, folder);
  const { startSandbox } = await import('../../sandbox/process/start-sandbox.ts');
  const progress = output.progress('Starting a sandbox for this command');
  const starting = startSandbox(host, passingFolder(host, folder)).finally(() => progress[Symbol.dispose]());
  await using sandbox = await starting;
  return await use(sandbox.state);
}
