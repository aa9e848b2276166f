import { ForgeError } from '../../errors.ts';
import { escapeForTerminal, escapeLine } from '../../lib/escape-for-terminal.ts';
import { within } from '../within.ts';
import { remoteProgram, remoteRequest } from './remote-program.ts';
import type { RemoteStream } from './remote-stream.ts';

/** An answer's words; the last can be text of the instance's own. */
export type Answer = readonly [verb: string, ...words: readonly string[]];

type Sink = (bytes: Buffer) => void | Promise<void>;

/** What it may take to clean up there, milliseconds. */
const endsWithin = 2_000;
const lineLength = 76;
/** What is turned into base64 at once: whole lines. */
const sliceSize = (lineLength / 4) * 3 * 512;
/** No answer is longer: a peer that never ends a line is not listened to for ever. */
const longestLine = 64 * 1024;
const mostNoise = 500;

/** There is one to each request; a peer that answers without being asked is not listened to for ever either. */
const mostAnswers = 16;

/** Asks the program on the instance for one thing after the other. */
export class RemoteShell {
  readonly #stream: RemoteStream;
  readonly #answers: Answer[] = [];
  #wake: (() => void) | undefined;
  /** The start of an answer, from its colon on. */
  #line: string | undefined;
  /** Base64 that makes no whole bytes yet. */
  #rest = '';
  #sink: Sink | undefined;
  #begun = false;
  /** The end of what came before the program began. */
  #noise = '';

  private constructor(stream: RemoteStream) {
    this.#stream = stream;
    stream.lost.catch(() => {});
    stream.onData((bytes) => this.#read(bytes));
  }

  /** Throws what `lost` rejects with, and REMOTE_PROGRAM_MISSING, NO_REMOTE_SHELL. */
  static async start(stream: RemoteStream, name: string, startsWithin = 30_000): Promise<RemoteShell> {
    const shell = new RemoteShell(stream);
    let begun: boolean | undefined;
    try {
      begun = await within(
        startsWithin,
        shell.#expect('forge').then(() => true),
      );
    } catch (error) {
      if (error instanceof ForgeError && error.code === 'COPY_CUT') throw noShell(shell.#noise);
      throw error;
    }
    if (begun === undefined) throw noShell(shell.#noise);
    await shell.#sendUnit(Buffer.from(remoteProgram(name)));
    await shell.#expect('ready');
    return shell;
  }

  /** The answer to a request; `verbs` are those that are no failure. Throws the instance's own refusal. */
  async ask(verbs: readonly string[], verb: string, ...words: readonly string[]): Promise<Answer> {
    await this.#sendUnit(Buffer.from(remoteRequest(verb, ...words)));
    return this.#expect(...verbs);
  }

  /** One piece of a file, and the answer to it. */
  async piece(bytes: Uint8Array, onSent: (bytes: number) => void): Promise<void> {
    await this.#sendUnit(bytes, onSent);
    await this.#expect('have');
  }

  /** A request that is answered by a file: `sink` gets its bytes, and holds the sender back. */
  async receive(sink: Sink, verb: string, ...words: readonly string[]): Promise<Answer> {
    this.#sink = sink;
    this.#rest = '';
    try {
      return await this.ask(['end'], verb, ...words);
    } finally {
      this.#sink = undefined;
    }
  }

  /** The program there cleans up and ends. Never throws: all is done by then. */
  async end(): Promise<void> {
    await this.#sendUnit(Buffer.from('exit')).catch(() => {});
    await within(endsWithin, this.#stream.lost).catch(() => {});
  }

  async #sendUnit(bytes: Uint8Array, onSent?: (bytes: number) => void): Promise<void> {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < all.length; at += sliceSize) {
      const slice = all.subarray(at, at + sliceSize);
      await this.#send(slice.toString('base64').replace(/.{1,76}/g, '$&\n'));
      onSent?.(slice.length);
    }
    await this.#send('.\n');
  }

  async #send(text: string): Promise<void> {
    await Promise.race([this.#stream.send(Buffer.from(text, 'latin1')), this.#stream.lost]);
  }

  async #expect(...verbs: readonly string[]): Promise<Answer> {
    const answer = await this.#next();
    const [verb, ...words] = answer;
    if (verbs.includes(verb)) return answer;
    if (verb === 'missing') throw programMissing(words.join(' '));
    if (verb === 'fail') throw refused(words[0] ?? '', textOf(words[1]));
    throw garbled(verb);
  }

  async #next(): Promise<Answer> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, this.#stream.lost]);
    }
  }

  /** Base64 up to a colon, an answer from there to the end of the line. */
  async #read(bytes: Buffer): Promise<void> {
    let text = bytes.toString('latin1');
    if (!this.#begun) this.#noise = (this.#noise + text).slice(-mostNoise);
    while (text !== '') {
      if (this.#line !== undefined) {
        const end = text.indexOf('\n');
        this.#line += end < 0 ? text : text.slice(0, end);
        if (this.#line.length > longestLine) throw garbled('');
        if (end < 0) return;
        text = text.slice(end + 1);
        this.#answer(this.#line);
        this.#line = undefined;
        continue;
      }
      const colon = text.indexOf(':');
      const data = colon < 0 ? text : text.slice(0, colon);
      text = colon < 0 ? '' : text.slice(colon + 1);
      if (this.#sink !== undefined && data !== '') await this.#decode(data, this.#sink);
      if (colon >= 0) this.#line = '';
    }
  }

  #answer(line: string): void {
    const words = line.replace(/\r$/, '').split(' ');
    const [verb = ''] = words;
    // A login on the way can have something to say first.
    if (!this.#begun && verb !== 'forge' && verb !== 'missing') return;
    this.#begun = true;
    if (this.#answers.length >= mostAnswers) throw garbled('');
    this.#answers.push([verb, ...words.slice(1)]);
    this.#wake?.();
  }

  async #decode(text: string, sink: Sink): Promise<void> {
    const all = this.#rest + text.replaceAll('\n', '').replaceAll('\r', '');
    const whole = all.length - (all.length % 4);
    this.#rest = all.slice(whole);
    if (whole === 0) return;
    const decoded = Buffer.from(all.slice(0, whole), 'base64');
    await sink(decoded);
  }
}

/** Text of the instance, as it stood in an answer; foreign. */
export function textOf(word: string | undefined): string {
  return escapeLine(
    Buffer.from(word ?? '', 'base64')
      .toString('utf8')
      .trim(),
  );
}

function programMissing(what: string): ForgeError {
  return new ForgeError('failed', `The instance lacks what a copy needs: ${escapeLine(what)}.`, {
    code: 'REMOTE_PROGRAM_MISSING',
    hint: 'Install it there. A copy needs sh, sed, stty, base64 (or openssl), sha256sum (or shasum), and tar for folders.',
  });
}

function noShell(noise: string): ForgeError {
  const said = Buffer.from(noise, 'latin1').toString('utf8').trim();
  return new ForgeError(
    'failed',
    `The instance did not start a POSIX shell${said === '' ? '.' : `: ${escapeForTerminal(said)}`}`,
    {
      code: 'NO_REMOTE_SHELL',
      hint: 'A copy needs one: Windows instances have none, and a session document of your own may run something else.',
    },
  );
}

function refused(what: string, said: string): ForgeError {
  const why = said === '' ? '' : `: ${said}`;
  switch (what) {
    case 'digest':
      return new ForgeError(
        'failed',
        'What arrived on the instance is not what was sent: its SHA-256 differs.',
        {
          code: 'COPY_DIGEST',
          hint: 'Nothing was put in place. The file may have changed meanwhile; copy it again.',
        },
      );
    case 'folder':
      return new ForgeError('failed', 'A folder of that name is in the way on the instance.', {
        code: 'COPY_IN_THE_WAY',
      });
    case 'taken':
      return new ForgeError('failed', 'Another copy to the same place has taken over.', {
        code: 'COPY_TAKEN_OVER',
        hint: 'Let one of them end.',
      });
    default:
      return new ForgeError('failed', `The instance could not write it${why}.`, { code: 'COPY_REFUSED' });
  }
}

function garbled(said: string): ForgeError {
  const what = said === '' ? '' : ` (${JSON.stringify(said.slice(0, 40))})`;
  return new ForgeError('failed', `The instance said something unexpected${what}.`, {
    code: 'COPY_GARBLED',
    hint: 'Something there writes into the session: see the shell profile of the Session Manager preferences.',
  });
}
