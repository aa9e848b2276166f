import { emitKeypressEvents, type Key } from 'node:readline';
import { interruption } from '../errors.ts';
import type { Host } from '../host.ts';
import { escapeLine } from '../lib/escape-for-terminal.ts';
import { cutToWidth, displayWidth } from './display-width.ts';
import { type PickKey, PickList } from './pick-list.ts';
import { enterRawMode } from './raw-mode.ts';
import type { Style } from './style.ts';

export interface PickQuestion<Value> {
  readonly message: string;
  /** Choices as they become known; the picker is there from the first moment. */
  readonly pages: AsyncIterable<readonly Value[]>;
  /** Cells of a row; what is typed is looked for in all of them. */
  readonly text: (value: Value) => readonly string[];
  /** Higher stands first, while nothing is typed. */
  readonly weight: (value: Value) => number;
}

const mostRows = 12;
/** Pages can come faster than anybody reads. */
const frameMs = 40;
const keyNames: ReadonlyMap<string, PickKey> = new Map([
  ['up', 'up'],
  ['down', 'down'],
  ['pageup', 'pageup'],
  ['pagedown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['backspace', 'backspace'],
]);
const controlKeys: ReadonlyMap<string, PickKey> = new Map([
  ['p', 'up'],
  ['n', 'down'],
  ['h', 'backspace'],
  ['u', 'clear'],
]);

/**
 * A fuzzy picker on stderr. Undefined: there was nothing to pick from. Throws `interrupted` for Ctrl-C and Esc, and
 * what `pages` throws.
 */
export async function pickOne<Value>(
  host: Pick<Host, 'stdin' | 'stderr' | 'signal'>,
  style: Style,
  { message, pages, text, weight }: PickQuestion<Value>,
): Promise<Value | undefined> {
  const { stdin, stderr } = host;
  const list = new PickList<Value>(Math.min(mostRows, Math.max(1, (stderr.rows ?? 24) - 4)));
  let complete = false;
  let drawn = 0;
  let frame: NodeJS.Timeout | undefined;
  const clear = () => {
    if (drawn > 0) stderr.write(`\x1b[${drawn}A\r\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    const columns = Math.max(20, stderr.columns ?? 80) - 1;
    const visible = list.visible();
    const widths = columnWidths(visible.map(({ cells }) => cells));
    const counts = `${list.matching}/${list.total}${complete ? '' : '…'}`;
    // A line that wraps would be counted as one and cleared as one.
    const lines = [
      `${style.bold(message)} ${style.dim(counts)} ${style.plain(list.query)}▏`,
      ...visible.map((row) => {
        const cells = row.cells.map((cell, index) => pad(escapeLine(cell), widths[index] ?? 0));
        const line = cutToWidth(cells.join('  ').trimEnd(), columns - 2);
        return row === list.current ? style.good(`> ${line}`) : style.plain(`  ${line}`);
      }),
      style.dim(cutToWidth(keysText(list), columns)),
    ];
    clear();
    stderr.write(`${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  using _raw = enterRawMode(host);
  emitKeypressEvents(stdin as NodeJS.ReadableStream);
  const leave: (() => void)[] = [];
  try {
    return await new Promise<Value | undefined>((resolve, reject) => {
      const onKey = (typed: string | undefined, key: Key) => {
        if ((key.ctrl === true && (key.name === 'c' || key.name === 'd')) || key.name === 'escape') {
          return reject(interruption('SIGINT'));
        }
        if (key.name === 'return' || key.name === 'enter') {
          if (list.current !== undefined) resolve(list.current.value);
          return;
        }
        const pressed = key.ctrl === true ? controlKeys.get(key.name ?? '') : keyNames.get(key.name ?? '');
        if (pressed !== undefined) list.press(pressed);
        else if (
          typed !== undefined &&
          key.ctrl !== true &&
          key.meta !== true &&
          !/[\u0000-\u001f\u007f]/.test(typed)
        )
          list.type(typed);
        draw();
      };
      const onAbort = () => reject(host.signal.reason);
      stdin.on('keypress', onKey);
      host.signal.addEventListener('abort', onAbort, { once: true });
      stderr.on('resize', draw);
      leave.push(
        () => stdin.removeListener('keypress', onKey),
        () => host.signal.removeEventListener('abort', onAbort),
        () => stderr.removeListener('resize', draw),
        () => stdin.pause(),
        () => clearTimeout(frame),
      );
      if (host.signal.aborted) return onAbort();
      stdin.resume();
      draw();
      void read().catch(reject);

      async function read(): Promise<void> {
        for await (const page of pages) {
          list.add(page.map((value) => ({ value, cells: text(value), weight: weight(value) })));
          frame ??= setTimeout(() => {
            frame = undefined;
            draw();
          }, frameMs);
        }
        complete = true;
        if (list.total === 0) resolve(undefined);
        else draw();
      }
    });
  } finally {
    for (const undo of leave) undo();
    clear();
  }
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const cells of rows) {
    for (const [index, cell] of cells.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, Math.min(40, displayWidth(escapeLine(cell))));
    }
  }
  return widths;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

function keysText({ matching, total }: Pick<PickList<unknown>, 'matching' | 'total'>): string {
  return matching === 0 && total > 0
    ? 'nothing matches · Ctrl-U clears · Esc'
    : 'type to narrow · ↑ ↓ · Enter · Esc';
}
