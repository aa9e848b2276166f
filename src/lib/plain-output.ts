import { escapeForTerminal } from './escape-for-terminal.ts';
import { TerminalFilter } from './terminal-filter.ts';

/** Goes to another line of the screen. */
const jump = /\x1b(?:\[[\d;]*[EFHdf]|[DEM])/g;
const sequence = /\x1b(?:\[[\d;:?]*[@-~]|[()].|.)/g;

/**
 * Terminal output as text for a file or a pipe: nothing of it is obeyed by anything, and nothing that was shown is
 * lost, also what was written over. A line that was drawn anew is there as often as it was drawn.
 */
export function plainOutput(text: string): string {
  const lines = new TerminalFilter()
    .push(text)
    .replace(jump, '\n')
    .replace(sequence, '')
    .replace(/[\x07\b\x0e\x0f]/g, '')
    .replace(/\r*\n|\r+|[\v\f]/g, '\n')
    .replace(/\n{3,}/g, '\n\n');
  return escapeForTerminal(lines);
}
