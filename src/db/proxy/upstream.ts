import type { Duplex } from 'node:stream';

/** A connection to the database that is signed in and has nothing under way. */
export interface Upstream {
  readonly stream: Duplex;
  /** What the server said between the login and its first ReadyForQuery, but for its key: ParameterStatus, notices. */
  readonly greeting: Buffer;
  readonly processId: number;
  /** Asks the server, over a connection of its own, to stop what this one runs. Resolves when it has been told. */
  cancel(): Promise<void>;
}

/** What a client asked for in its startup message. */
export interface ClientWishes {
  readonly applicationName: string | undefined;
  /** Settings that change how values look, and nothing else. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Signs in anew for each client. May throw an UpstreamRefused; what else it throws is told as a sentence. */
export type OpenUpstream = (wishes: ClientWishes, signal: AbortSignal) => Promise<Upstream>;

/** The server has said no to the login. */
export class UpstreamRefused extends Error {
  override readonly name = 'UpstreamRefused';
  /** The whole ErrorResponse. */
  readonly response: Buffer;

  constructor(response: Buffer, message: string) {
    super(message);
    this.response = response;
  }
}
