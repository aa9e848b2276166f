import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ForgeError } from '../../errors.ts';
import { fileFailure } from '../../files/file-failure.ts';
import { escapeForTerminal } from '../../lib/escape-for-terminal.ts';
import { explainQueryError, type QueryFacts } from '../explain-query-error.ts';
import { expandedFormat } from '../format-expanded.ts';
import { tableFormat } from '../format-table.ts';
import { runQuery } from '../run-query.ts';
import { describeObjects } from './describe-objects.ts';
import { parseShellCommand, type ShellCommand, shellHelp } from './shell-command.ts';
import type { Shell } from './shell-session.ts';
import { createStatementReader, type ShellInput, type StatementReader } from './statement-reader.ts';

/** What the shell does after an input. */
export type Next = 'go-on' | 'quit';

/** Runs one statement or command. Throws a ForgeError for what failed; the caller decides whether to go on. */
export async function runInput(
  shell: Shell,
  input: ShellInput,
  reader: StatementReader,
  signal: AbortSignal,
  depth = 0,
): Promise<Next> {
  if (input.kind === 'statement') {
    await runStatement(shell, input.sql, input.expanded || shell.expanded, signal);
    return 'go-on';
  }
  return runCommand(shell, parseShellCommand(input.text), reader, signal, depth);
}

async function runStatement(
  shell: Shell,
  sql: string,
  expanded: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { host, output } = shell.parts;
  const options = { header: true, nullText: '' };
  const started = host.monotonic();
  try {
    await runQuery(shell.session, {
      source: { sql, file: undefined },
      values: [],
      format: expanded ? expandedFormat(options) : tableFormat(options),
      // Tables are safe already; what COPY … TO STDOUT brings is made so.
      filter: host.stdout.isTTY ? (text) => text : undefined,
      sink: output.raw,
      signal,
      facts: factsOf(shell),
      onTag: (tag) => void output.raw(`${escapeForTerminal(tag)}\n`).catch(() => {}),
    });
  } finally {
    if (shell.timing) await print(shell, `Time: ${(host.monotonic() - started).toFixed(3)} ms`);
  }
}

async function runCommand(
  shell: Shell,
  command: ShellCommand,
  reader: StatementReader,
  signal: AbortSignal,
  depth: number,
): Promise<Next> {
  switch (command.kind) {
    case 'quit':
      return 'quit';
    case 'help':
      await print(shell, shellHelp);
      return 'go-on';
    case 'expanded':
      shell.expanded = command.value ?? !shell.expanded;
      await print(shell, `Expanded display is ${shell.expanded ? 'on' : 'off'}.`);
      return 'go-on';
    case 'timing':
      shell.timing = command.value ?? !shell.timing;
      await print(shell, `Timing is ${shell.timing ? 'on' : 'off'}.`);
      return 'go-on';
    case 'connection':
      await print(shell, connectionText(shell));
      return 'go-on';
    case 'echo':
      await print(shell, command.text);
      return 'go-on';
    case 'show-buffer':
      await print(shell, reader.pending.trim() === '' ? 'Nothing is typed.' : reader.pending.trimEnd());
      return 'go-on';
    case 'reset':
      reader.reset();
      await print(shell, 'What was typed is gone.');
      return 'go-on';
    case 'describe':
      await describe(shell, command.text, signal);
      return 'go-on';
    case 'include':
      return include(shell, command.path, signal, depth);
    case 'refused':
      throw new ForgeError('usage', command.reason, { code: 'SHELL_COMMAND' });
  }
}

async function describe(shell: Shell, text: string, signal: AbortSignal): Promise<void> {
  const pieces: string[] = [];
  try {
    await describeObjects(shell.session, text, signal, (piece) => pieces.push(piece));
  } catch (error) {
    throw explainQueryError(error, { sql: '', file: undefined }, factsOf(shell));
  } finally {
    // As psql: an empty line after a table.
    for (const piece of pieces) await print(shell, piece.trimEnd() + (piece.includes('\n') ? '\n' : ''));
  }
}

/** \i: its statements run as if typed, up to the first that fails. */
async function include(shell: Shell, path: string, signal: AbortSignal, depth: number): Promise<Next> {
  if (depth >= deepest) {
    throw new ForgeError('usage', `${path} includes files ${deepest} deep.`, { code: 'SHELL_INCLUDE' });
  }
  const text = await readFile(resolve(shell.parts.host.directories.working, path), 'utf8').catch((error) => {
    throw fileFailure(error, 'read', path);
  });
  const reader = createStatementReader();
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    for (const input of reader.push(line)) {
      if ((await runInput(shell, input, reader, signal, depth + 1)) === 'quit') return 'go-on';
    }
  }
  for (const input of reader.finish()) await runInput(shell, input, reader, signal, depth + 1);
  return 'go-on';
}

const deepest = 16;

async function print(shell: Shell, text: string): Promise<void> {
  await shell.parts.output.raw(`${escapeForTerminal(text)}\n`);
}

function factsOf({ options }: Shell): QueryFacts {
  return {
    target: options.prompt,
    writeHint: options.readOnly
      ? String.raw`Leave with \q and run: forge db connect ${options.prompt} --write`
      : undefined,
    timeoutHint: "Allow more: set statement_timeout = '10min';",
  };
}

function connectionText({ session: { client }, options }: Shell): string {
  const access = options.readOnly ? 'read-only' : 'read-write';
  return `${options.prompt}: database ${client.database ?? '?'} as ${client.user ?? '?'} on ${client.host}, port ${client.port}, ${access}.`;
}
