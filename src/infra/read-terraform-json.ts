import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import type { Host } from '../host.ts';

/** A state of thousands of resources has some megabytes. */
const mostBytes = 64 * 1024 * 1024;

/**
 * What Terraform printed: of a file, or of stdin for `-`. A terminal is not read: nobody would know that forge waits.
 * @throws usage: TERRAFORM_OUTPUT
 */
export async function readTerraformJson(
  host: Pick<Host, 'stdin' | 'directories' | 'signal'>,
  source: string,
  howTo = ['terraform output -json > outputs.json', 'forge config import-terraform outputs.json'],
): Promise<string> {
  if (source === '-' && host.stdin.isTTY) {
    throw refused('There is nothing to read: stdin is the terminal.', howTo);
  }
  const bytes = source === '-' ? await readStdin(host) : await readNamed(host, source);
  // What terraform plan -out writes is a zip.
  if (bytes.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004') {
    throw refused(`${source === '-' ? 'stdin' : source} is terraform's own plan file, not its JSON.`, [
      `terraform show -json <that file> > plan.json`,
    ]);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused(`${source === '-' ? 'stdin' : source} is not UTF-8 text.`, [
      `In PowerShell: ${howTo[0]?.replace(' >', ' | Out-File -Encoding utf8')}`,
    ]);
  }
}

async function readNamed({ directories, signal }: Pick<Host, 'directories' | 'signal'>, source: string) {
  const path = resolve(directories.working, source);
  const bytes = await readFile(path, { signal }).catch((error) => {
    signal.throwIfAborted();
    throw fileFailure(error, 'read', source);
  });
  if (bytes.length > mostBytes) throw tooMuch(source);
  return bytes;
}

async function readStdin({ stdin, signal }: Pick<Host, 'stdin' | 'signal'>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Ends the wait for a writer that never comes.
  const stop = () => (stdin as NodeJS.ReadableStream & { destroy?: () => void }).destroy?.();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > mostBytes) throw tooMuch('stdin');
      chunks.push(bytes);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw fileFailure(error, 'read', 'stdin');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

function tooMuch(source: string): ForgeError {
  return refused(`${source} has more than 64 MiB.`, [
    'terraform output -json and terraform show -json have what is needed, and little else.',
  ]);
}

function refused(message: string, hint: readonly string[]): ForgeError {
  return new ForgeError('usage', message, { code: 'TERRAFORM_OUTPUT', hint: hint.join('\n') });
}
