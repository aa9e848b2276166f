import { ForgeError } from '../errors.ts';
import type { SessionType } from './data-channel.ts';
import { PayloadCipher } from './encryption.ts';
import {
  ActionStatus,
  encodeEncChallenge,
  encodeHandshakeResponse,
  type HandshakeRequest,
  type ProcessedAction,
  parseEncChallenge,
  type RequestedAction,
} from './wire/handshake-payload.ts';

/**
 * What is said to be speaking. The agent compares it component by component: from 1.2.332.0 on it leaves out smux
 * keepalives, from 1.1.70 on it multiplexes. Not forge's own version, whose numbers mean something else.
 */
export const clientVersion = '1.2.650.0';

const sessionTypes: readonly string[] = [
  'Standard_Stream',
  'InteractiveCommands',
  'NonInteractiveCommands',
  'Port',
] satisfies SessionType[];

export interface DataKey {
  /** 64 bytes. */
  readonly plaintext: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** kms:GenerateDataKey of 64 bytes with the caller's own credentials. */
export type GenerateDataKey = (
  keyId: string,
  encryptionContext: Readonly<Record<string, string>>,
) => Promise<DataKey>;

export interface HandshakeParts {
  readonly sessionId: string;
  /** As StartSession was given it: a part of the encryption context. */
  readonly target: string;
  readonly generateDataKey: GenerateDataKey | undefined;
}

export interface HandshakeOutcome {
  readonly response: Buffer;
  readonly sessionType: SessionType | undefined;
  readonly properties: Readonly<Record<string, string>>;
  readonly cipher: PayloadCipher | undefined;
  /** The agent ends the session for any action that fails; why, in forge's words. */
  readonly failure: ForgeError | undefined;
}

/** There are two kinds. An agent that asks for thousands of things would have AWS asked as often, and be answered as long. */
const mostActions = 16;

/** Carries out what the agent asks for. Never throws: failures are answers, and reasons to give to the person. */
export async function answerHandshake(
  parts: HandshakeParts,
  request: HandshakeRequest,
): Promise<HandshakeOutcome> {
  const processed: ProcessedAction[] = [];
  let failure: ForgeError | undefined;
  let sessionType: SessionType | undefined;
  let properties: Readonly<Record<string, string>> = {};
  let cipher: PayloadCipher | undefined;
  if (request.actions.length > mostActions) failure = askedTooMuch(`for ${request.actions.length} things`);
  for (const action of request.actions.slice(0, mostActions)) {
    const type = action.type === 'unknown' ? action.name.slice(0, longestName) : action.type;
    const fail = (status: number, error: ForgeError) => {
      failure ??= error;
      processed.push({ type, status, result: null, error: error.message });
    };
    if (action.type !== 'unknown' && processed.some((one) => one.type === type)) {
      fail(ActionStatus.failed, askedTooMuch(`twice for ${type}`));
    } else if (action.type === 'SessionType') {
      if (!isSessionType(action.sessionType)) {
        fail(ActionStatus.failed, unknownSessionType(action.sessionType));
        continue;
      }
      sessionType = action.sessionType;
      properties = action.properties ?? {};
      processed.push({ type, status: ActionStatus.success, result: null, error: '' });
    } else if (action.type === 'KMSEncryption') {
      // The session is over already: AWS needs not be asked.
      if (failure !== undefined) {
        fail(ActionStatus.failed, failure);
        continue;
      }
      try {
        const made = await makeCipher(parts, action);
        cipher = made.cipher;
        processed.push({ type, status: ActionStatus.success, result: made.result, error: '' });
      } catch (error) {
        fail(ActionStatus.failed, encryptionFailure(error));
      }
    } else {
      fail(ActionStatus.unsupported, unknownAction(action.name));
    }
  }
  const response = encodeHandshakeResponse({ clientVersion, actions: processed });
  return { response, sessionType, properties, cipher, failure };
}

/** Proof of having the key: the agent's challenge, decrypted and encrypted again. */
export function answerChallenge(cipher: PayloadCipher | undefined, payload: Uint8Array): Buffer {
  const challenge = parseEncChallenge(payload);
  if (cipher === undefined || challenge === undefined) {
    throw new ForgeError('failed', 'The agent asks for proof of a key that was never agreed on.', {
      code: 'HANDSHAKE_FAILED',
    });
  }
  return encodeEncChallenge(cipher.encrypt(cipher.decrypt(challenge)));
}

async function makeCipher(
  parts: HandshakeParts,
  { keyId, challenge }: Extract<RequestedAction, { type: 'KMSEncryption' }>,
) {
  if (parts.generateDataKey === undefined) throw new Error('this session has no access to KMS');
  const context = {
    'aws:ssm:SessionId': parts.sessionId,
    'aws:ssm:TargetId': parts.target,
    ...(challenge === undefined ? {} : { 'aws:ssm:RandomChallenge': challenge }),
  };
  const { plaintext, ciphertext } = await parts.generateDataKey(keyId, context);
  const cipher = new PayloadCipher(plaintext);
  // The cipher has copies; the caller's is not needed any more.
  plaintext.fill(0);
  const result = {
    cipherTextKey: Buffer.from(ciphertext).toString('base64'),
    ...(challenge === undefined ? {} : { challengeAcknowledgement: true }),
  };
  return { cipher, result };
}

function isSessionType(text: string): text is SessionType {
  return sessionTypes.includes(text);
}

function unknownSessionType(name: string): ForgeError {
  return new ForgeError(
    'failed',
    `The agent wants a session of a type that forge does not know: ${quoted(name)}.`,
    {
      code: 'UNKNOWN_SESSION_TYPE',
      hint: 'Check the document that the session was started with.',
    },
  );
}

function unknownAction(name: string): ForgeError {
  return new ForgeError('failed', `The agent asks for something that forge does not know: ${quoted(name)}.`, {
    code: 'UNKNOWN_SESSION_ACTION',
    hint: 'The agent may be newer than this forge: update forge.',
  });
}

function askedTooMuch(what: string): ForgeError {
  return new ForgeError('failed', `The agent's handshake asks ${what}.`, {
    code: 'HANDSHAKE_FAILED',
    hint: 'No agent does that: see what runs on the instance.',
  });
}

function encryptionFailure(error: unknown): ForgeError {
  if (error instanceof ForgeError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ForgeError('failed', `The session can't be encrypted as its preferences ask: ${why}.`, {
    code: 'ENCRYPTION_UNAVAILABLE',
    cause: error,
  });
}

const longestName = 60;

/** Foreign and of any length. */
function quoted(name: string): string {
  return JSON.stringify(name.slice(0, longestName));
}
