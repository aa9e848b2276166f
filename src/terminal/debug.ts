import { escapeForTerminal } from '../lib/escape-for-terminal.ts';
import { redact } from '../lib/secret.ts';

/** With --debug: the stack and the chain of causes, redacted. Properties are not shown: SDK errors carry requests. */
export function renderCauses(error: unknown): string {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; current instanceof Error && depth < 8; depth++) {
    lines.push(
      depth === 0 ? (current.stack ?? current.message) : `Caused by: ${current.stack ?? current.message}`,
    );
    current = current.cause;
  }
  if (lines.length === 0) return '';
  return `${redact(escapeForTerminal(lines.join('\n')))}\n`;
}
