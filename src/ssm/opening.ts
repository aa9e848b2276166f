import type { ForgeError } from '../errors.ts';
import type { SessionType } from './data-channel.ts';
import type { PayloadCipher } from './encryption.ts';
import { answerChallenge, answerHandshake, type HandshakeParts } from './handshake.ts';
import { handshakeFailed, toFailure } from './session-failure.ts';
import { parseHandshakeComplete, parseHandshakeRequest } from './wire/handshake-payload.ts';
import { PayloadType } from './wire/payload.ts';

export interface OpeningHandlers {
  answer(payloadType: number, payload: Buffer): void;
  /** User data may flow. */
  onReady(): void;
  onFailure(error: ForgeError): void;
}

/** `consumed`: it was for the handshake. `later`: nobody can say yet what it means. `data`: it is for the listener. */
export type Taken = 'consumed' | 'later' | 'data';

/**
 * From the agent's first word until user data may flow. The agent throws away what comes before its
 * HandshakeComplete, though it acknowledges it: until then nothing but answers is sent. Sessions that have no
 * handshake begin with output.
 */
export class Opening {
  sessionType: SessionType = 'Standard_Stream';
  properties: Readonly<Record<string, string>> = {};
  agentVersion: string | undefined;
  customerMessage = '';
  cipher: PayloadCipher | undefined;
  readonly #parts: HandshakeParts;
  readonly #handlers: OpeningHandlers;
  #phase: 'waiting' | 'answering' | 'answered' | 'ready' = 'waiting';

  constructor(parts: HandshakeParts, handlers: OpeningHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  get isReady(): boolean {
    return this.#phase === 'ready';
  }

  take(payloadType: number, payload: Buffer): Taken {
    switch (payloadType) {
      case PayloadType.handshakeRequest:
        if (this.#phase === 'waiting') void this.#answerRequest(payload);
        return 'consumed';
      case PayloadType.encChallengeRequest:
        if (this.#phase === 'answering') return 'later';
        if (this.#phase === 'answered') this.#answerChallenge(payload);
        return 'consumed';
      case PayloadType.handshakeComplete:
        if (this.#phase === 'answering') return 'later';
        if (this.#phase === 'answered') {
          this.customerMessage = parseHandshakeComplete(payload).customerMessage;
          this.#becomeReady();
        }
        return 'consumed';
      case PayloadType.output:
      case PayloadType.stdErr:
      case PayloadType.exitCode:
      case PayloadType.flag:
        // Whether it is encrypted is not known until the request is answered.
        if (this.#phase === 'answering') return 'later';
        if (this.#phase === 'waiting') this.#becomeReady();
        return 'data';
      default:
        return 'consumed';
    }
  }

  async #answerRequest(payload: Buffer): Promise<void> {
    const request = parseHandshakeRequest(payload);
    if (request === undefined)
      return this.#handlers.onFailure(handshakeFailed('its request can not be read'));
    this.#phase = 'answering';
    const outcome = await answerHandshake(this.#parts, request);
    this.agentVersion = request.agentVersion;
    this.sessionType = outcome.sessionType ?? this.sessionType;
    this.properties = outcome.properties;
    this.cipher = outcome.cipher;
    this.#phase = 'answered';
    this.#handlers.answer(PayloadType.handshakeResponse, outcome.response);
    // The agent learns why from the answer, and ends the session.
    if (outcome.failure !== undefined) this.#handlers.onFailure(outcome.failure);
  }

  #answerChallenge(payload: Buffer): void {
    try {
      this.#handlers.answer(PayloadType.encChallengeResponse, answerChallenge(this.cipher, payload));
    } catch (error) {
      this.#handlers.onFailure(toFailure(error));
    }
  }

  #becomeReady(): void {
    this.#phase = 'ready';
    this.#handlers.onReady();
  }
}
