import { StringDecoder } from 'node:string_decoder';
import type { Notification } from 'pg';
import { ForgeError, interruption } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { renderError } from '../../terminal/output.ts';
import { styleFor } from '../../terminal/style.ts';
import { watchParent } from '../../terminal/watch-parent.ts';
import { connectionLost } from '../explain-query-error.ts';
import type { QuerySession } from '../run-query.ts';
import { showNotices } from '../server-notices.ts';
import { promptText } from './prompt-text.ts';
import { type Next, runInput } from './run-input.ts';
import { openHistory, type ShellHistory } from './shell-history.ts';
import type { Shell, ShellOptions, ShellParts } from './shell-session.ts';
import { createStatementReader, type ShellInput } from './statement-reader.ts';
import { readTypedLines, type TypedLines } from './typed-lines.ts';

/**
 * The shell for machines without psql. With a terminal: prompt, several-line statements, history, and a failure is
 * shown and forgotten. Without one: runs what stdin holds, and the first failure ends it.
 * Resolves when the person leaves; rejects with `unreachable` when the connection is lost.
 */
export async function runShell(
  parts: ShellParts,
  session: QuerySession,
  options: ShellOptions,
): Promise<void> {
  const { host } = parts;
  const interactive = host.stdin.isTTY === true && (host.stdout.isTTY === true || host.stderr.isTTY === true);
  const shell: Shell = { parts, options, session, expanded: false, timing: false, interactive };
  if (interactive) await runTyped(shell);
  else await runPiped(shell);
}

async function runTyped(shell: Shell): Promise<void> {
  const { parts, options, session } = shell;
  const { host, output } = parts;
  const { client } = session;
  const history = await openHistory(host, (error) =>
    output.warn(`What you type is not kept: ${error instanceof Error ? error.message : String(error)}`),
  );
  // The terminal is raw, so Ctrl-C comes as a key; a SIGINT of any other kind is not for the shell.
  using _held = host.holdInterrupts();
  using lines = readTypedLines(host, history.lines);
  using _notices = showNotices(client, output, () => lines.redraw());
  using _lost = onLost(client, (error) => lines.fail(connectionLost(error, options.prompt)));
  using _signals = onAbort(host.signal, () => lines.fail(interruption(host.signal.reason)));
  using _notifications = showNotifications(shell, lines);
  const style = styleFor(host.stdout.isTTY ? host.stdout : host.stderr, host.env);
  const reader = createStatementReader();
  let running: AbortController | undefined;
  const typed: string[] = [];
  const prompt = () =>
    promptText(
      {
        name: options.prompt,
        production: options.production,
        readOnly: options.readOnly,
        mark: reader.mark,
        transaction: client.getTransactionStatus(),
      },
      style,
    );
  // The terminal is somebody else's then, and no key comes that could end it.
  using _parent = watchParent(host, () => {
    lines.fail(interruption('SIGHUP'));
    running?.abort('SIGHUP');
  });
  lines.onInterrupt = () => {
    if (running !== undefined) return running.abort('SIGINT');
    reader.reset();
    typed.length = 0;
    lines.clear(prompt());
  };
  output.note(
    String.raw`${options.prompt} is open ${options.readOnly ? 'read-only' : 'read-write'}. Help is \?, leave with \q or Ctrl-D.`.replaceAll(
      '\\\\',
      '\\',
    ),
  );
  for (;;) {
    const line = await lines.next(prompt());
    if (line === undefined) {
      host.stderr.write('\n');
      return;
    }
    typed.push(line);
    const inputs = reader.push(line);
    if (reader.pending === '' || inputs.length > 0) await remember(history, lines, typed.splice(0));
    for (const input of inputs) {
      running = new AbortController();
      const next = await runTypedInput(shell, input, reader, running.signal);
      const cancelled = running.signal.aborted;
      running = undefined;
      if (next === 'quit') return;
      // The rest of the line was typed in the hope that this worked.
      if (cancelled) break;
    }
  }
}

async function runTypedInput(
  shell: Shell,
  input: ShellInput,
  reader: ReturnType<typeof createStatementReader>,
  signal: AbortSignal,
): Promise<Next> {
  const { host, output } = shell.parts;
  try {
    return await runInput(shell, input, reader, AbortSignal.any([signal, host.signal]));
  } catch (error) {
    if (!(error instanceof ForgeError) || error.kind === 'unreachable' || host.signal.aborted) throw error;
    host.stderr.write(renderError(error, 'table', output.style));
    return 'go-on';
  }
}

/** A statement that may hold a secret is kept nowhere: neither in the file nor under the arrow keys. */
async function remember(history: ShellHistory, lines: TypedLines, typed: readonly string[]): Promise<void> {
  if (!(await history.add(typed))) lines.forget(typed.filter((line) => line.trim() !== '').length);
}

async function runPiped(shell: Shell): Promise<void> {
  const { host, output } = shell.parts;
  const { client } = shell.session;
  using _notices = showNotices(client, output);
  let lost: unknown;
  using _lost = onLost(client, (error) => {
    lost ??= connectionLost(error, shell.options.prompt);
  });
  const reader = createStatementReader();
  const run = async (inputs: readonly ShellInput[]): Promise<Next> => {
    for (const input of inputs) {
      if (lost !== undefined) throw lost;
      if ((await runInput(shell, input, reader, host.signal)) === 'quit') return 'quit';
    }
    return 'go-on';
  };
  for await (const line of pipedLines(host)) {
    if ((await run(reader.push(line))) === 'quit') return;
  }
  await run(reader.finish());
}

async function* pipedLines(host: Host): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of host.stdin) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

function onLost(client: QuerySession['client'], lost: (error: unknown) => void): Disposable {
  const ended = () => lost(undefined);
  client.on('error', lost);
  client.on('end', ended);
  return {
    [Symbol.dispose]() {
      client.removeListener('error', lost);
      client.removeListener('end', ended);
    },
  };
}

function onAbort(signal: AbortSignal, aborted: () => void): Disposable {
  signal.addEventListener('abort', aborted);
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', aborted) };
}

/** LISTEN works while the shell waits for a line, too. */
function showNotifications({ parts: { output }, session: { client } }: Shell, lines: TypedLines): Disposable {
  const show = ({ channel, payload, processId }: Notification) => {
    const words = payload ? ` with payload "${payload}"` : '';
    output.note(`Notification on "${channel}"${words} from the server's process ${processId}.`);
    lines.redraw();
  };
  client.on('notification', show);
  return { [Symbol.dispose]: () => void client.removeListener('notification', show) };
}
