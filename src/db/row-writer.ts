/** Where rows go: output.raw. Resolves when there is room for more, rejects when nobody reads any more. */
export type Sink = (chunk: string | Uint8Array) => Promise<void>;

/** What is paused while the sink is full: the connection's socket. */
export interface Source {
  pause(): void;
  resume(): void;
}

/**
 * Gathers small pieces into chunks and writes one at a time; while the sink has no room, the source stands still. So
 * memory holds one chunk and what one read of the socket brought, however many rows there are.
 */
export function createRowWriter(source: Source, sink: Sink, onFailure: (error: unknown) => void) {
  // Either text or bytes, so that the order is kept.
  let text = '';
  let bytes: Uint8Array[] = [];
  let size = 0;
  let writing: Promise<void> | undefined;
  let scheduled = false;
  let dropped = false;
  let written = false;

  const take = (): string | Uint8Array | undefined => {
    if (text !== '') {
      const chunk = text;
      text = '';
      size = 0;
      return chunk;
    }
    if (bytes.length === 0) return undefined;
    const chunk = Buffer.concat(bytes);
    bytes = [];
    size = 0;
    return chunk;
  };
  const flush = async () => {
    for (let chunk = take(); chunk !== undefined && !dropped; chunk = take()) {
      await sink(chunk);
      written = true;
    }
  };
  const start = (): Promise<void> => {
    if (writing !== undefined) return writing;
    source.pause();
    writing = flush()
      .catch((error: unknown) => {
        drop();
        onFailure(error);
      })
      .finally(() => {
        writing = undefined;
        source.resume();
      });
    return writing;
  };
  const schedule = () => {
    if (scheduled || writing !== undefined) return;
    scheduled = true;
    // One write for all that this turn of the event loop brought: rows are never held for longer than that.
    setImmediate(() => {
      scheduled = false;
      if (size > 0) void start();
    });
  };
  const drop = () => {
    dropped = true;
    text = '';
    bytes = [];
    size = 0;
    source.resume();
  };
  return {
    /** Something has gone to the sink. */
    get written() {
      return written;
    },
    writeText(piece: string): void {
      if (dropped || piece === '') return;
      if (bytes.length > 0) bytes.push(Buffer.from(piece));
      else text += piece;
      size += piece.length;
      if (size >= chunkSize) void start();
      else schedule();
    },
    /** Copies: the piece belongs to the parser's buffer. */
    writeBytes(piece: Uint8Array): void {
      if (dropped) return;
      if (text !== '') bytes.push(Buffer.from(text));
      text = '';
      bytes.push(Buffer.from(piece));
      size += piece.length;
      if (size >= chunkSize) void start();
      else schedule();
    },
    /** Throws away what is not written, now and from now on, and lets the source run. */
    drop,
    /** All that was given has been written. */
    async drain(): Promise<void> {
      while (size > 0 || writing !== undefined) await start();
    },
  };
}

const chunkSize = 64 * 1024;
