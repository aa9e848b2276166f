import type { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { escapeForTerminal, escapeJson, escapeLine } from '../lib/escape-for-terminal.ts';
import { redact } from '../lib/secret.ts';
import { cutToWidth } from './display-width.ts';
import type { Plan } from './plan.ts';
import { type Style, styleFor } from './style.ts';

/**
 * stdout is the one result, stderr all talk. Commands hand over data and a way to show it to people; which of
 * the two is written, with which colours, is decided only here.
 */
export interface Output {
  readonly format: 'table' | 'json';
  /** Decorations for talk on stderr. */
  readonly style: Style;
  /** A sentence for the person; silenced by --quiet. */
  note(text: string): void;
  /** A sentence that must be seen, quiet or not. */
  warn(text: string): void;
  /** What the person must read and do for the command to go on; shown even with --quiet. */
  instruct(text: string): void;
  /** Only with --debug. */
  debug(text: string): void;
  /** The command's one result. */
  result(result: Result): void;
  /** What `--plan` prints in place of acting. */
  plan(plan: Plan): void;
  /** Text that goes to stdout as it is (a token, a script to eval, rows of a query). Resolves when there is room for more. */
  raw(text: string | Uint8Array): Promise<void>;
  /** A line that is rewritten in place while something lasts; nothing at all without a terminal. Ended by disposing. */
  progress(text: string): Progress;
}

export interface Result {
  /** What --output json prints: camelCase, times as ISO-8601 UTC. */
  readonly data: unknown;
  /** What people see, without the final line feed. Empty: nothing is printed. */
  readonly text: (style: Style) => string;
}

export interface Progress extends Disposable {
  update(text: string): void;
}

export interface OutputOptions {
  readonly format: 'table' | 'json' | undefined;
  readonly quiet: boolean;
  readonly debug: boolean;
}

export function createOutput(host: Host, options: OutputOptions): Output {
  const { stdout, stderr } = host;
  const style = styleFor(stderr, host.env);
  const format = options.format ?? 'table';
  let active: string | undefined;
  const clear = () => {
    if (active !== undefined) stderr.write('\r\x1b[2K');
  };
  const talk = (text: string, decorate = (line: string) => line) => {
    clear();
    stderr.write(`${redact(escapeForTerminal(text)).split('\n').map(decorate).join('\n')}\n`);
    if (active !== undefined) stderr.write(active);
  };
  const raw = (text: string | Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      if (host.signal.aborted) return reject(host.signal.reason);
      if (stdout.write(text)) return resolve();
      const settle = () => {
        stdout.removeListener('drain', settle);
        host.signal.removeEventListener('abort', settle);
        if (host.signal.aborted) reject(host.signal.reason);
        else resolve();
      };
      stdout.once('drain', settle);
      host.signal.addEventListener('abort', settle, { once: true });
    });
  return {
    format,
    style,
    raw,
    note: (text) => {
      if (!options.quiet) talk(text);
    },
    warn: (text) => talk(`Warning: ${text}`, style.caution),
    instruct: (text) => talk(text),
    debug: (text) => {
      if (options.debug) talk(`debug: ${text}`, style.dim);
    },
    result({ data, text }) {
      const shown =
        format === 'json' ? escapeJson(JSON.stringify(data, null, 2)) : text(styleFor(stdout, host.env));
      if (shown !== '') stdout.write(`${shown}\n`);
    },
    plan(plan) {
      this.result({ data: plan, text: (shown) => renderPlan(plan, shown) });
    },
    progress(text) {
      if (!stderr.isTTY || options.quiet || host.env.TERM === 'dumb')
        return { update() {}, [Symbol.dispose]() {} };
      const show = (line: string) => {
        clear();
        // A line that wraps could not be taken back.
        const columns = Math.max(20, stderr.columns ?? 80) - 1;
        active = style.dim(cutToWidth(`… ${escapeLine(redact(line))}`, columns));
        stderr.write(active);
      };
      show(text);
      return {
        update: show,
        [Symbol.dispose]: () => {
          clear();
          active = undefined;
        },
      };
    },
  };
}

function renderPlan(plan: Plan, style: Style): string {
  const lines = [style.bold(plan.summary), ''];
  for (const [index, step] of plan.steps.entries()) {
    const number = `${String(index + 1).padStart(2)}. `;
    if (step.kind === 'local') {
      lines.push(number + style.plain(step.what));
      continue;
    }
    lines.push(`${number}${style.bold(step.call)}  ${style.plain(step.why)}`);
    const needs = step.action === undefined ? 'no IAM permission' : `needs ${step.action}`;
    lines.push(`    ${style.dim(step.resource === undefined ? needs : `${needs} on ${step.resource}`)}`);
  }
  if (plan.equivalents.length > 0) {
    lines.push(
      '',
      style.dim('The same by hand:'),
      ...plan.equivalents.map((line) => `  ${style.plain(line)}`),
    );
  }
  lines.push('', style.dim('Nothing was done (--plan).'));
  return lines.join('\n');
}

/**
 * A failure, as the person or the script sees it: one sentence and, on the last line, the way out. `line`: both in
 * one line, in the middle of another program's output.
 */
export function renderError(error: ForgeError, format: 'table' | 'json' | 'line', style: Style): string {
  const message = redact(error.message);
  const hint = error.hint === undefined ? undefined : redact(error.hint);
  if (format === 'json') {
    const said = { code: error.code, message, ...(hint === undefined ? {} : { hint }) };
    return `${escapeJson(JSON.stringify({ error: said }))}\n`;
  }
  if (format === 'line') {
    const way = hint === undefined ? '' : ` ${hint.startsWith('forge ') ? 'Run: ' : ''}${hint}`;
    const line = `${message}${way}`.replace(/\s*\n\s*/g, ' ');
    return `${error.kind === 'interrupted' ? '' : `${style.danger('Error:')} `}${escapeLine(line)}\n`;
  }
  const text = escapeForTerminal(message).split('\n');
  // What the person asked for is no error.
  const mark = error.kind === 'interrupted' ? '' : `${style.danger('Error:')} `;
  const head = `${mark}${text.join('\n')}\n`;
  return hint === undefined ? head : `${head}${hint.split('\n').map(escapeLine).join('\n')}\n`;
}
