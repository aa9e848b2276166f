/**
 * Terminal output of somebody else's, so that it can be played on one's own terminal: text, colours and movements
 * pass; nothing that reaches out of the screen does. That is every string sequence (OSC: clipboard, title, links,
 * notifications; DCS, APC, PM, SOS), every question (the terminal would type the answer into the shell), printing,
 * the mouse, keyboard modes, and characters that reorder a line. What is not on the list of what passes is left out.
 * ECMA-48; xterm's ctlseqs; the traps are CVE-2003-0063, CVE-2022-45872 and their kin.
 *
 * A sequence may be cut anywhere between two calls. One that never ends hides nothing but the rest of its line.
 */
export class TerminalFilter {
  #state: State = 'text';
  /** Of a control sequence: what came between `ESC [` and now. */
  #sequence = '';
  /** What stays changed on the terminal, and how it is put right. */
  readonly #changed = new Map<string, string>();
  #styled = false;
  #region = false;

  push(text: string): string {
    let passed = '';
    for (const character of text) passed += this.#next(character);
    return passed;
  }

  /** What puts the terminal as it was: modes, colours, scrolling, character sets. Empty when nothing was changed. */
  undo(): string {
    const modes = [...this.#changed.values()].join('');
    // Setting the region moves the cursor.
    const region = this.#region ? '\x1b7\x1b[r\x1b8' : '';
    const style = this.#styled ? '\x1b[0m' : '';
    this.#state = 'text';
    this.#changed.clear();
    this.#region = false;
    this.#styled = false;
    return region + modes + style;
  }

  #next(character: string): string {
    const begun = beginnings.get(character);
    if (begun !== undefined) {
      this.#state = begun;
      this.#sequence = '';
      return '';
    }
    if (isControl(character)) {
      // CAN, SUB, BEL, ST and a line feed end what is open; of the others a string has none in it.
      if (this.#state === 'string' && !endsString.has(character)) return '';
      const inString = this.#state === 'string';
      this.#state = 'text';
      if (inString && character === '\x07') return '';
      return passingControls.has(character) ? this.#control(character) : '';
    }
    switch (this.#state) {
      case 'text':
        return hidden.test(character) ? '' : character;
      case 'string':
        return '';
      case 'escape':
        return this.#escape(character);
      case 'set':
        this.#state = 'text';
        return this.#characterSet(character);
      case 'ignore':
        this.#state = 'text';
        return '';
      case 'csi':
        return this.#csi(character);
    }
  }

  #control(character: string): string {
    if (character === '\x0e') this.#changed.set('shift', '\x0f');
    return character;
  }

  #escape(character: string): string {
    this.#state = 'text';
    if (character === '[') this.#state = 'csi';
    else if (stringIntroducers.has(character)) this.#state = 'string';
    else if (character === '(' || character === ')') {
      this.#state = 'set';
      this.#sequence = character;
    } else if (character >= ' ' && character <= '/') this.#state = 'ignore';
    else if (character > '~') return this.#next(character);
    else if (plainEscapes.has(character)) return `\x1b${character}`;
    else if (character === 'c') return this.#reset();
    return '';
  }

  /** A full reset takes scrollback, tabs and title of the terminal along: what it does to the screen is enough. */
  #reset(): string {
    return `${this.undo()}\x1b[2J\x1b[H`;
  }

  #characterSet(character: string): string {
    if (!/[0AB]/.test(character)) return '';
    if (character !== 'B') this.#changed.set(this.#sequence, `\x1b${this.#sequence}B`);
    return `\x1b${this.#sequence}${character}`;
  }

  #csi(character: string): string {
    if (character < '@') {
      this.#sequence += character;
      if (this.#sequence.length > longestSequence) this.#state = 'text';
      return '';
    }
    this.#state = 'text';
    if (character > '~') return this.#next(character);
    return this.#finish(this.#sequence, character);
  }

  #finish(parameters: string, final: string): string {
    if (parameters === '!' && final === 'p') return this.undo();
    const mode = /^\?([\d;]*)$/.exec(parameters)?.[1];
    if (mode !== undefined) {
      if (final === 'h' || final === 'l')
        return mode
          .split(';')
          .map((number) => this.#privateMode(number, final))
          .join('');
      return final === 'J' || final === 'K' ? `\x1b[?${mode}${final}` : '';
    }
    if (!/^[\d;:]*$/.test(parameters)) return '';
    if (final === 'm') {
      this.#styled = true;
      return `\x1b[${parameters}m`;
    }
    if (final === 'h' || final === 'l') {
      if (parameters !== '4') return '';
      this.#changed.set('insert', '\x1b[4l');
      return `\x1b[4${final}`;
    }
    // With numbers this one is margins, or a keyboard's.
    if (final === 's' || final === 'u') return parameters === '' ? `\x1b[${final}` : '';
    if (!movements.has(final)) return '';
    if (final === 'r') this.#region = true;
    // A number no screen has only keeps a terminal busy.
    return `\x1b[${parameters.replace(/\d{5,}/g, '9999')}${final}`;
  }

  #privateMode(number: string, final: 'h' | 'l'): string {
    const usual = privateModes.get(Number(number));
    if (number === '' || usual === undefined) return '';
    const name = `?${Number(number)}`;
    if (final === usual) this.#changed.delete(name);
    else this.#changed.set(name, `\x1b[${name}${usual}`);
    return `\x1b[${name}${final}`;
  }
}

type State = 'text' | 'escape' | 'csi' | 'string' | 'set' | 'ignore';

const longestSequence = 64;

/** With the 8-bit forms, which a terminal may obey in UTF-8 too. */
const beginnings: ReadonlyMap<string, State> = new Map([
  ['\x1b', 'escape'],
  ['\x9b', 'csi'],
  ...['\x90', '\x98', '\x9d', '\x9e', '\x9f'].map((code) => [code, 'string'] as const),
]);
const stringIntroducers = new Set(['P', 'X', ']', '^', '_']);
const endsString = new Set(['\x07', '\x18', '\x1a', '\n', '\x9c']);
const passingControls = new Set(['\x07', '\b', '\t', '\n', '\v', '\f', '\r', '\x0e', '\x0f']);
/** Save, restore, index, next line, tab stop, reverse index. */
const plainEscapes = new Set(['7', '8', 'D', 'E', 'M']);
/** Cursor, erasing, inserting, scrolling, repeating. */
const movements = new Set([...'@ABCDEFGHIJKLMPSTXZ`abdefr']);
/** Reverse screen, origin, wrap, blinking and visible cursor, other screen, whole frames; and what each is usually. */
const privateModes: ReadonlyMap<number, 'h' | 'l'> = new Map([
  [5, 'l'],
  [6, 'l'],
  [7, 'h'],
  [12, 'l'],
  [25, 'h'],
  [47, 'l'],
  [1047, 'l'],
  [1049, 'l'],
  [2026, 'l'],
]);

const isControl = (character: string): boolean =>
  character < ' ' || (character >= '\x7f' && character <= '\x9f');

/** Directions, marks that show nothing, lone surrogates. Joiners stay: emoji and scripts need them. */
const hidden =
  /[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/u;
