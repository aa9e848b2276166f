import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { type CastKind, encodeCastEvent, encodeCastHeader } from '../lib/asciicast.ts';
import { RedactPieces } from '../lib/redact-pieces.ts';
import type { AuditEvent } from './audit-events.ts';
import { appendToJournal } from './journal.ts';
import { openStream, type StreamFile } from './stream-file.ts';
import { uninterrupted } from './uninterrupted.ts';

/**
 * What a shell shows, as it shows it. Never what is typed: a password at a prompt without echo is not in it. Disposing
 * writes the rest, and the journal gets the file's size and hash.
 */
export interface Recording extends AsyncDisposable {
  /** A promise when the disk is behind: wait for it before more is shown. */
  output(bytes: Uint8Array, from?: 'stdout' | 'stderr'): Promise<void> | undefined;
  resize(size: TerminalSize): void;
  /** What forge itself said meanwhile. */
  mark(words: string): void;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface RecordedShell {
  /** Of the access, as the journal has it. */
  readonly id: string;
  readonly breakGlass: string | undefined;
  /** `ssm prod-wealth/bastion` */
  readonly title: string;
  readonly size: TerminalSize;
  /** Written without a terminal: a line feed alone, which would only move down where it is played. */
  readonly plainLines?: boolean;
}

/** The last marker of one that is whole. */
export const recordingEnd = 'end of the recording';

export const recordingName = (id: string): string => `${id}.cast`;

/** On the disk 100 ms after it was shown; this leaves most of them to the disk. */
const batchMs = 20;
/** Shown and not on the disk yet: what comes then has to wait. */
const mostUnwritten = 1024 * 1024;
/** A line of a stream has 200,000 bytes; a character in JSON at most six. */
const longestPiece = 16_000;
/** A day of work is a tenth of it. Whoever copies a file by showing it has `forge ssm cp`. */
const mostBytes = 64 * 1024 * 1024;

/**
 * Begins a recording, asciicast v2. A disk that takes no more ends what is recorded, with that failure. Throws failed
 * RECORDING_FAILED: then nothing is to be opened.
 */
export async function startRecording(host: Host, shell: RecordedShell): Promise<Recording> {
  const header = encodeCastHeader({
    width: shell.size.columns,
    height: shell.size.rows,
    timestamp: Math.floor(host.now() / 1000),
    title: shell.title,
  });
  try {
    const place = { session: shell.breakGlass ?? shell.id, name: recordingName(shell.id) };
    const stream = await openStream(host, place);
    await stream.append([header]);
    return new OpenRecording(host, shell, stream, header.length);
  } catch (error) {
    throw recordingFailure(`Can't open a shell without a recording of it.`, error);
  }
}

class OpenRecording implements Recording {
  readonly #host: Host;
  readonly #shell: RecordedShell;
  readonly #stream: StreamFile;
  readonly #started: number;
  /** A character can be cut by messages; of each stream on its own. */
  readonly #decoders = {
    stdout: new TextDecoder('utf-8', { ignoreBOM: true }),
    stderr: new TextDecoder('utf-8', { ignoreBOM: true }),
  };
  readonly #redacted = new RedactPieces();
  #text = '';
  /** When the first of `#text` was shown, milliseconds of the monotonic clock. */
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #afterReturn = false;
  #size: number;
  #unwritten = 0;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;
  /** What comes late (a word on the connection) is not of this shell any more. */
  #closed = false;

  constructor(host: Host, shell: RecordedShell, stream: StreamFile, size: number) {
    this.#host = host;
    this.#shell = shell;
    this.#stream = stream;
    this.#size = size;
    this.#started = host.monotonic();
  }

  output(bytes: Uint8Array, from: 'stdout' | 'stderr' = 'stdout'): Promise<void> | undefined {
    if (this.#failed) return undefined;
    this.#add(this.#decoders[from].decode(bytes, { stream: true }));
    return this.#unwritten + this.#text.length > mostUnwritten ? this.#settled() : undefined;
  }

  resize({ columns, rows }: TerminalSize): void {
    this.#event('r', `${columns}x${rows}`);
  }

  mark(words: string): void {
    this.#event('m', words.replaceAll(/\s+/g, ' ').trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#add(this.#decoders.stdout.decode() + this.#decoders.stderr.decode());
    this.#flush();
    this.#write(this.#pieces(this.#redacted.end(), this.#now()));
    // What has no such end was cut off.
    this.#event('m', recordingEnd);
    this.#closed = true;
    await this.#writing;
    const { bytes, sha256 } = await this.#stream.close();
    const { id, breakGlass } = this.#shell;
    const file = recordingName(id);
    const event: AuditEvent = { type: 'recording.closed', id, breakglass: breakGlass, file, bytes, sha256 };
    // Closing records are written after Ctrl-C too. Without it the file is whole all the same.
    await appendToJournal(uninterrupted(this.#host), event).catch(() => {});
  }

  #now(): number {
    return this.#host.monotonic();
  }

  #add(text: string): void {
    if (text === '') return;
    if (this.#text === '') this.#since = this.#now();
    this.#text += this.#shell.plainLines === true ? this.#withReturns(text) : text;
    if (this.#text.length >= mostUnwritten / 4) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), batchMs);
  }

  #withReturns(text: string): string {
    const whole = text.replace(/\r?\n/g, '\r\n');
    const cut = this.#afterReturn && whole.startsWith('\r\n') ? whole.slice(1) : whole;
    this.#afterReturn = text.endsWith('\r');
    return cut;
  }

  #event(kind: CastKind, data: string): void {
    this.#flush();
    this.#write([this.#line(kind, data, this.#now())]);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#redacted.push(this.#text);
    this.#text = '';
    this.#write(this.#pieces(text, this.#since));
  }

  #pieces(text: string, at: number): readonly string[] {
    const lines: string[] = [];
    for (let start = 0; start < text.length; ) {
      // Not between the two halves of a character.
      const last = text.charCodeAt(start + longestPiece - 1);
      const end = start + longestPiece - (last >= 0xd800 && last <= 0xdbff ? 1 : 0);
      lines.push(this.#line('o', text.slice(start, end), at));
      start = end;
    }
    return lines;
  }

  #line(kind: CastKind, data: string, at: number): string {
    return encodeCastEvent({ at: Math.max(0, at - this.#started) / 1000, kind, data });
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0 || this.#failed || this.#closed) return;
    const size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    this.#size += size;
    if (this.#size > mostBytes) {
      this.#fail(fullRecording());
      return;
    }
    this.#unwritten += size;
    this.#writing = this.#stream.append(lines).then(
      () => {
        this.#unwritten -= size;
      },
      (error) => this.#fail(recordingFailure('This shell was ended, for its recording failed.', error)),
    );
  }

  async #settled(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #fail(error: ForgeError): void {
    if (this.#failed) return;
    this.#failed = true;
    clearTimeout(this.#timer);
    this.#host.abort(error);
  }
}

function recordingFailure(what: string, error: unknown): ForgeError {
  const why = error instanceof Error ? error.message : String(error);
  return new ForgeError('failed', `${what} ${why}`, {
    code: 'RECORDING_FAILED',
    hint: error instanceof ForgeError ? error.hint : undefined,
    cause: error,
  });
}

function fullRecording(): ForgeError {
  return new ForgeError('failed', `This shell was ended: its recording has ${mostBytes / 1024 / 1024} MiB.`, {
    code: 'RECORDING_FULL',
    hint: 'Open another. To copy files: forge ssm cp <source> <destination>',
  });
}
