import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileFailure } from '../files/file-failure.ts';
import { withFileLock } from '../files/file-lock.ts';
import { replaceFile } from '../files/replace-file.ts';
import type { Host } from '../host.ts';
import { awsConfigPath } from './aws-config-file.ts';

/** The file's bytes as Latin-1 text, so that what forge does not understand comes back byte by byte; empty without a file. */
export async function readAwsConfigBytes(host: Pick<Host, 'env' | 'directories'>): Promise<string> {
  const path = awsConfigPath(host);
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw fileFailure(error, 'read', path);
  }
}

/** Changes ~/.aws/config under a lock, atomically, keeping mode and symlink. Answers whether anything changed. */
export async function updateAwsConfig(host: Host, change: (bytes: string) => string): Promise<boolean> {
  const path = awsConfigPath(host);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileFailure(error, 'make the folder', dirname(path));
  }
  return withFileLock(host, path, async () => {
    const before = await readAwsConfigBytes(host);
    const after = change(before);
    if (after === before) return false;
    await replaceFile(path, Buffer.from(after, 'latin1'));
    return true;
  });
}

/** Text of forge's own as the bytes that updateAwsConfig works on. */
export function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
