import { escapeForTerminal, escapeJson } from '../lib/escape-for-terminal.ts';

/**
 * csv and json go to files and pipes byte for byte. On a terminal the same bytes could move the cursor or set the
 * clipboard, so there what is foreign is escaped: in JSON as JSON does it, which loses nothing.
 */
export function safeText(text: string): string {
  return escapeForTerminal(text);
}

export function safeJson(text: string): string {
  return escapeJson(text);
}
