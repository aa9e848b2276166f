import { ForgeError } from '../../errors.ts';
import { escapeLine } from '../../lib/escape-for-terminal.ts';
import type { CopyResult } from './copy-job.ts';
import { sizeText } from './size-text.ts';

/** `app.log → /tmp/app.log, 3.4 MB, SHA-256 1f2e…`, one line. */
export function copiedText({ source, destination, bytes, resumedBytes, sha256, kind }: CopyResult): string {
  const resumed = resumedBytes === 0 ? '' : ` (${sizeText(resumedBytes)} were there)`;
  const digest = kind === 'file' ? `, SHA-256 ${sha256}` : ', verified';
  return `${escapeLine(source)} → ${escapeLine(destination)}, ${sizeText(bytes)}${resumed}${digest}`;
}

/** Whether running it again would go on: it was interrupted, or the connection was lost. */
export function isCut(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || (error instanceof ForgeError && ['unreachable', 'time-up'].includes(error.kind));
}
