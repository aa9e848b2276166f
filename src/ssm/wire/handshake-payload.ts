import { asJsonObject, encodeJson, type JsonObject, parseJsonObject, shownText, textOf } from './payload.ts';

/** Payload type 5, from the agent. */
export interface HandshakeRequest {
  readonly agentVersion: string;
  readonly actions: readonly RequestedAction[];
}

export type RequestedAction =
  | {
      readonly type: 'SessionType';
      /** `Port`, `Standard_Stream`, … */
      readonly sessionType: string;
      /** Those of the document; null where the agent sends none. */
      readonly properties: Readonly<Record<string, string>> | null;
    }
  | {
      readonly type: 'KMSEncryption';
      readonly keyId: string;
      /** Base64; undefined from agents that don't ask for proof. */
      readonly challenge: string | undefined;
    }
  | { readonly type: 'unknown'; readonly name: string };

export const ActionStatus = { success: 1, failed: 2, unsupported: 3 } as const;

/** Payload type 6, from the client: one entry for each requested action, in the same order. */
export interface HandshakeResponse {
  readonly clientVersion: string;
  readonly actions: readonly ProcessedAction[];
}

export interface ProcessedAction {
  readonly type: string;
  readonly status: number;
  readonly result: KmsResult | null;
  /** Empty when there is none. */
  readonly error: string;
}

export interface KmsResult {
  /** Base64 of GenerateDataKey's CiphertextBlob. */
  readonly cipherTextKey: string;
  /** Whether the request's challenge is a part of the encryption context. */
  readonly challengeAcknowledgement?: boolean | undefined;
}

/** Payload type 7, from the agent. */
export interface HandshakeComplete {
  readonly nanoseconds: number;
  /** Empty when there is none. */
  readonly customerMessage: string;
}

export function encodeHandshakeRequest(request: HandshakeRequest): Buffer {
  return encodeJson({
    AgentVersion: request.agentVersion,
    RequestedClientActions: request.actions.map((action) => ({
      ActionType: action.type === 'unknown' ? action.name : action.type,
      ActionParameters: actionParameters(action),
    })),
  });
}

function actionParameters(action: RequestedAction): JsonObject | null {
  switch (action.type) {
    case 'SessionType':
      return { SessionType: action.sessionType, Properties: action.properties };
    case 'KMSEncryption':
      return {
        KMSKeyId: action.keyId,
        ...(action.challenge === undefined ? {} : { Challenge: action.challenge }),
      };
    case 'unknown':
      return null;
  }
}

export function parseHandshakeRequest(payload: Uint8Array): HandshakeRequest | undefined {
  const fields = parseJsonObject(payload);
  const actions = fields?.RequestedClientActions;
  if (fields === undefined || !Array.isArray(actions)) return undefined;
  return { agentVersion: textOf(fields.AgentVersion), actions: actions.map(parseRequestedAction) };
}

function parseRequestedAction(value: unknown): RequestedAction {
  const fields = asJsonObject(value) ?? {};
  const parameters = asJsonObject(fields.ActionParameters) ?? {};
  const name = textOf(fields.ActionType);
  if (name === 'SessionType') {
    const properties = parseProperties(asJsonObject(parameters.Properties));
    return { type: name, sessionType: textOf(parameters.SessionType), properties };
  }
  if (name === 'KMSEncryption') {
    const challenge = textOf(parameters.Challenge) || undefined;
    return { type: name, keyId: textOf(parameters.KMSKeyId), challenge };
  }
  return { type: 'unknown', name };
}

function parseProperties(fields: JsonObject | undefined): Readonly<Record<string, string>> | null {
  if (fields === undefined) return null;
  const texts = Object.entries(fields).flatMap(([name, value]) => {
    if (typeof value === 'string') return [[name, value] as const];
    return typeof value === 'number' || typeof value === 'boolean' ? [[name, String(value)] as const] : [];
  });
  return Object.fromEntries(texts);
}

export function encodeHandshakeResponse({ clientVersion, actions }: HandshakeResponse): Buffer {
  const errors = actions.map((action) => action.error).filter((error) => error !== '');
  return encodeJson({
    ClientVersion: clientVersion,
    ProcessedClientActions: actions.map(({ type, status, result, error }) => ({
      ActionType: type,
      ActionStatus: status,
      ActionResult:
        result === null
          ? null
          : {
              KMSCipherTextKey: result.cipherTextKey,
              KMSCipherTextHash: null,
              ...(result.challengeAcknowledgement === undefined
                ? {}
                : { ChallengeAcknowledgement: result.challengeAcknowledgement }),
            },
      Error: error,
    })),
    Errors: errors.length === 0 ? null : errors,
  });
}

export function parseHandshakeResponse(payload: Uint8Array): HandshakeResponse | undefined {
  const fields = parseJsonObject(payload);
  const actions = fields?.ProcessedClientActions;
  if (fields === undefined || !Array.isArray(actions)) return undefined;
  return { clientVersion: textOf(fields.ClientVersion), actions: actions.map(parseProcessedAction) };
}

function parseProcessedAction(value: unknown): ProcessedAction {
  const fields = asJsonObject(value) ?? {};
  const result = asJsonObject(fields.ActionResult);
  const cipherTextKey = textOf(result?.KMSCipherTextKey);
  const acknowledged = result?.ChallengeAcknowledgement;
  return {
    type: textOf(fields.ActionType),
    status: typeof fields.ActionStatus === 'number' ? fields.ActionStatus : 0,
    result:
      cipherTextKey === ''
        ? null
        : {
            cipherTextKey,
            ...(typeof acknowledged === 'boolean' ? { challengeAcknowledgement: acknowledged } : {}),
          },
    error: textOf(fields.Error),
  };
}

export function encodeHandshakeComplete({ nanoseconds, customerMessage }: HandshakeComplete): Buffer {
  return encodeJson({ HandshakeTimeToComplete: nanoseconds, CustomerMessage: customerMessage });
}

/** It says that the agent is ready, whatever else can be read from it. */
export function parseHandshakeComplete(payload: Uint8Array): HandshakeComplete {
  const fields = parseJsonObject(payload) ?? {};
  const nanoseconds = fields.HandshakeTimeToComplete;
  return {
    nanoseconds: typeof nanoseconds === 'number' ? nanoseconds : 0,
    customerMessage: shownText(fields.CustomerMessage),
  };
}

/** Payload types 8 and 9. `challenge`: nonce, ciphertext and tag. */
export function encodeEncChallenge(challenge: Uint8Array): Buffer {
  return encodeJson({ Challenge: Buffer.from(challenge).toString('base64') });
}

export function parseEncChallenge(payload: Uint8Array): Buffer | undefined {
  const challenge = textOf(parseJsonObject(payload)?.Challenge);
  return challenge === '' ? undefined : Buffer.from(challenge, 'base64');
}
