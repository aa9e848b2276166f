import { escapeForTerminal } from '../lib/escape-for-terminal.ts';

/**
 * csv and json go to files and pipes byte for byte. On a terminal the same bytes could move the cursor or set the
 * clipboard, so there what is foreign is escaped: in JSON as JSON does it, which loses nothing.
 */
export function safeText(text: string): string {
  return escapeForTerminal(text);
}

export function safeJson(text: string): string {
  return text.replace(unprintable, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** What escapeForTerminal escapes and JSON lets stand in a string. */
const unprintable =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
