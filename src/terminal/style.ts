import { Chalk, type ColorSupportLevel } from 'chalk';
import type { Environment, OutputStream } from '../host.ts';
import { escapeLine } from '../lib/escape-for-terminal.ts';

/** Decorations for one stream. Each escapes what it is given first, so that foreign text can't decorate itself. */
export interface Style {
  plain(text: string): string;
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  caution(text: string): string;
  danger(text: string): string;
  readonly coloured: boolean;
  /** Columns of the terminal; undefined where the stream is none, so that nothing is cut for a program. */
  readonly width: number | undefined;
}

export function styleFor(stream: OutputStream, env: Environment): Style {
  const level = colourLevel(stream, env);
  const chalk = new Chalk({ level });
  return {
    plain: escapeLine,
    bold: (text) => chalk.bold(escapeLine(text)),
    dim: (text) => chalk.dim(escapeLine(text)),
    good: (text) => chalk.green(escapeLine(text)),
    caution: (text) => chalk.yellow(escapeLine(text)),
    danger: (text) => chalk.red.bold(escapeLine(text)),
    coloured: level > 0,
    width: stream.isTTY === true ? stream.columns || undefined : undefined,
  };
}

/** https://no-color.org and https://force-color.org; otherwise colour only where a person reads. */
function colourLevel(stream: OutputStream, env: Environment): ColorSupportLevel {
  if (env.NO_COLOR) return 0;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return 1;
  return stream.isTTY && env.TERM !== 'dumb' ? 1 : 0;
}
