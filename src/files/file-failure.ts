import { ForgeError } from '../errors.ts';

/** What the file system refused, as a sentence. A ForgeError passes through. */
export function fileFailure(error: unknown, attempt: string, path: string): ForgeError {
  if (error instanceof ForgeError) return error;
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new ForgeError('failed', `Failed to ${attempt} ${path}: ${reason}.`, {
    code: 'FILE_FAILED',
    hint: hints[code],
    cause: error,
  });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'too many symbolic links',
  EIO: 'the disk reports an error',
};

const hints: Readonly<Record<string, string>> = {
  EACCES: 'Check its owner and mode (ls -ld).',
  EPERM: 'Check its owner and mode (ls -ld).',
  ENOSPC: 'Free some space and try again.',
  EDQUOT: 'Free some space and try again.',
};
