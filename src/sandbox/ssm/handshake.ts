import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { unwrapDataKey } from '../aws/kms/data-keys.ts';
import { Payload } from './payloads.ts';
import type { Session } from './session.ts';

/** What the handshake needs of its session. */
export interface HandshakeParts {
  readonly session: Session;
  send(payloadType: number, bytes: Buffer): void;
  done(): void;
  failed(reason: string): void;
}

/** How the client and the agent encrypt once they have agreed to. */
export interface SessionCipher {
  seal(plaintext: Buffer): Buffer;
  /** Undefined: it is not the client's. */
  open(sealed: Buffer): Buffer | undefined;
}

/** Ports are never encrypted with a key of the customer's. */
export function isEncrypted({ plan, preferences }: Session): boolean {
  return plan.type !== 'Port' && preferences.kmsKey !== undefined;
}

/** Terminals without encryption start with their output. */
export function needsHandshake(session: Session): boolean {
  return (
    isEncrypted(session) || session.plan.type === 'Port' || session.plan.type === 'NonInteractiveCommands'
  );
}

const patienceMs = 15_000;

/** The agent's side: what it asks for, the answer it insists on, the proof that both hold the same key. */
export class Handshake implements Disposable {
  readonly #parts: HandshakeParts;
  readonly #challenge = randomBytes(16).toString('base64');
  readonly #proof = randomBytes(64);
  #timer: NodeJS.Timeout | undefined;
  #stage: 'response' | 'challenge' | 'over' = 'response';
  #started = 0;
  cipher: SessionCipher | undefined;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  start(): void {
    const { session } = this.#parts;
    this.#started = performance.now();
    const { type, properties } = session.plan;
    const actions: object[] = [
      {
        ActionType: 'SessionType',
        ActionParameters: { SessionType: type, Properties: type === 'Port' ? properties : null },
      },
    ];
    if (isEncrypted(session)) {
      actions.push({
        ActionType: 'KMSEncryption',
        ActionParameters: { KMSKeyId: session.preferences.kmsKey, Challenge: this.#challenge },
      });
    }
    this.#send(Payload.handshakeRequest, {
      AgentVersion: session.instance.agentVersion,
      RequestedClientActions: actions,
    });
    this.#wait();
  }

  take(payloadType: number, payload: Buffer): void {
    if (payloadType === Payload.handshakeResponse && this.#stage === 'response') this.#answered(payload);
    else if (payloadType === Payload.challengeResponse && this.#stage === 'challenge') this.#proved(payload);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stage = 'over';
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () =>
        this.#fail(
          'Handshake timed out. Please ensure that you have the latest version of the session manager plugin.',
        ),
      patienceMs,
    );
  }

  #answered(payload: Buffer): void {
    const problem = this.#checkAnswer(processedActions(payload));
    if (problem !== undefined) this.#fail(problem);
    else if (this.cipher === undefined) this.#complete();
    else {
      this.#stage = 'challenge';
      this.#send(Payload.challengeRequest, { Challenge: this.cipher.seal(this.#proof).toString('base64') });
      this.#wait();
    }
  }

  /** What is wrong with it. */
  #checkAnswer(actions: readonly Readonly<Record<string, unknown>>[]): string | undefined {
    const encrypted = isEncrypted(this.#parts.session);
    for (const [index, name] of (encrypted ? ['SessionType', 'KMSEncryption'] : ['SessionType']).entries()) {
      const action = actions[index];
      if (action?.ActionType !== name || action.ActionStatus !== 1) {
        const said = `status ${String(action?.ActionStatus)} error: ${String(action?.Error ?? '')}`;
        return `${name} failed on client with ${said}`;
      }
    }
    return encrypted ? this.#agreeOnKey(actions[1]?.ActionResult) : undefined;
  }

  #agreeOnKey(result: unknown): string | undefined {
    const { session } = this.#parts;
    if (typeof result !== 'object' || result === null) return 'KMSEncryption has no result.';
    const { KMSCipherTextKey: wrapped, ChallengeAcknowledgement: acknowledged } = result as Record<
      string,
      unknown
    >;
    if (typeof wrapped !== 'string') return 'KMSEncryption has no KMSCipherTextKey.';
    if (session.preferences.requireChallenge && acknowledged !== true) {
      return 'The client did not acknowledge the challenge.';
    }
    const plaintext = unwrapDataKey(session.preferences.kmsKey ?? '', Buffer.from(wrapped, 'base64'), {
      'aws:ssm:SessionId': session.id,
      'aws:ssm:TargetId': session.instance.id,
      ...(acknowledged === true ? { 'aws:ssm:RandomChallenge': this.#challenge } : {}),
    });
    if (plaintext?.length !== 64) return 'Fetching data key failed: InvalidCiphertextException';
    // What the client decrypts with is what the agent encrypts with, and the other way round.
    this.cipher = createSessionCipher(plaintext.subarray(0, 32), plaintext.subarray(32));
    return undefined;
  }

  #proved(payload: Buffer): void {
    const { Challenge: answer } = jsonObject(payload);
    const opened = typeof answer === 'string' ? this.cipher?.open(Buffer.from(answer, 'base64')) : undefined;
    if (opened?.equals(this.#proof)) this.#complete();
    else this.#fail('Encryption challenge failed.');
  }

  #complete(): void {
    clearTimeout(this.#timer);
    this.#stage = 'over';
    this.#send(Payload.handshakeComplete, {
      HandshakeTimeToComplete: Math.round((performance.now() - this.#started) * 1e6),
      CustomerMessage: this.#parts.session.preferences.customerMessage,
    });
    this.#parts.done();
  }

  #fail(reason: string): void {
    clearTimeout(this.#timer);
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#parts.failed(reason);
  }

  #send(payloadType: number, content: object): void {
    this.#parts.send(payloadType, Buffer.from(JSON.stringify(content)));
  }
}

/** AES-256-GCM: nonce, ciphertext, tag. */
export function createSessionCipher(sealWith: Buffer, openWith: Buffer): SessionCipher {
  return {
    seal(plaintext) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealWith, nonce);
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      if (sealed.length < 28) return undefined;
      try {
        const decipher = createDecipheriv('aes-256-gcm', openWith, sealed.subarray(0, 12));
        decipher.setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}

function processedActions(payload: Buffer): readonly Readonly<Record<string, unknown>>[] {
  const { ProcessedClientActions: actions } = jsonObject(payload);
  return Array.isArray(actions)
    ? actions.map((entry) =>
        typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : {},
      )
    : [];
}

function jsonObject(payload: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
