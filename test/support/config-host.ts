import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import type { Host } from '../../src/host.ts';
import { main } from '../../src/main.ts';
import { createTestHost, type TestHost } from './test-host.ts';

const hosts: TestHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.dispose();
});

/** A host whose home, which is also the working folder, holds these files. */
export function hostWith(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  overrides: Partial<Host> = {},
) {
  const host = createTestHost(overrides);
  hosts.push(host);
  for (const [path, content] of Object.entries(files)) {
    const full = join(host.directories.home, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
  return host;
}

/** Runs forge in a host; its home is written `~` in what comes back. */
export async function forgeIn(host: TestHost, ...args: string[]) {
  const seen = [host.out().length, host.err().length] as const;
  const code = await main(args, host);
  const short = (text: string) => text.replaceAll(host.directories.home, '~');
  return { code, out: short(host.out().slice(seen[0])), err: short(host.err().slice(seen[1])) };
}

/** The ForgeError that a promise must end with, as plain data, with the home folder written `~`. */
export async function failureOf(host: TestHost, promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    const short = (text: string | undefined) => text?.replaceAll(host.directories.home, '~');
    return { kind: error.kind, code: error.code, message: short(error.message), hint: short(error.hint) };
  }
  throw new Error('it did not fail');
}
