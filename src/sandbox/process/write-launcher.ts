import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../../host.ts';
import { quotePosix } from '../../lib/quote-posix.ts';

/** `forge` for the PATH in the sandbox: this very forge, installed or not. */
export async function writeLauncher(host: Pick<Host, 'program' | 'platform'>, folder: string): Promise<void> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true, mode: 0o700 });
  const { node, script } = host.program;
  if (host.platform === 'win32') {
    await writeFile(join(bin, 'forge.cmd'), `@"${node}" "${script}" %*\r\n`);
    return;
  }
  const quoted = [node, script].map(quotePosix).join(' ');
  await writeFile(join(bin, 'forge'), `#!/bin/sh\nexec ${quoted} "$@"\n`);
  await chmod(join(bin, 'forge'), 0o700);
}
