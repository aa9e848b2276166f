import { escapeForTerminal, escapeJson } from '../lib/escape-for-terminal.ts';
import { csvFormat } from './format-csv.ts';
import { jsonFormat, ndjsonFormat } from './format-json.ts';
import { tableFormat } from './format-table.ts';
import type { FormatOptions, ResultFormat } from './result-format.ts';

export const formatNames = ['table', 'json', 'csv', 'ndjson'] as const;
export type FormatName = (typeof formatNames)[number];

/**
 * A fresh format, and what makes its text safe where stdout is a terminal. csv and json go to files and pipes byte for
 * byte. On a terminal the same bytes could move the cursor or set the clipboard, so there what is foreign is escaped:
 * in JSON as JSON does it, which loses nothing.
 */
export function chooseFormat(
  name: FormatName,
  options: FormatOptions,
  terminal: boolean,
): { readonly format: ResultFormat; readonly filter: ((text: string) => string) | undefined } {
  switch (name) {
    case 'table':
      // Its cells are escaped wherever they go: alignment needs it.
      return { format: tableFormat(options), filter: terminal ? (text) => text : undefined };
    case 'csv':
      return { format: csvFormat(options), filter: terminal ? escapeForTerminal : undefined };
    case 'json':
      return { format: jsonFormat(), filter: terminal ? escapeJson : undefined };
    case 'ndjson':
      return { format: ndjsonFormat(), filter: terminal ? escapeJson : undefined };
  }
}
