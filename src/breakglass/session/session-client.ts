import { connect, type Socket } from 'node:net';
import { type ErrorKind, exitCodes, ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import type { RoleCredentials } from '../../identity/role-credentials.ts';
import { Secret } from '../../lib/secret.ts';
import type { ActiveGrant } from './active-grant.ts';
import { keyVariable, socketVariable } from './socket-variable.ts';

/** The break-glass session that this forge was started in, as told by the forge that holds it. */
export interface BreakGlassSession
  extends Pick<ActiveGrant, 'id' | 'tier' | 'environment' | 'region' | 'reason' | 'endsAt'> {
  /** Of the session's environment, not used beyond `endsAt`. Throws denied BREAKGLASS_OVER. */
  credentials(): Promise<RoleCredentials>;
  /** The same, issued anew: AWS refused those that there were. */
  renewed(): Promise<RoleCredentials>;
  status(): Promise<SessionStatus>;
  /** Ends the session, and with it whoever asks. */
  end(): Promise<void>;
  /** Hears of the end at once, also when the forge that holds the session is killed. */
  watch(): Promise<SessionWatch>;
}

export interface SessionStatus
  extends Pick<ActiveGrant, 'id' | 'tier' | 'environment' | 'region' | 'reason' | 'endsAt'> {
  readonly leftMs: number;
  /** When the last of the keys that were given out ends at AWS; 0: none were. Epoch milliseconds. */
  readonly issuedUntil: number;
}

export interface SessionWatch extends Disposable {
  /** Aborted with a ForgeError as reason when the session ends. */
  readonly signal: AbortSignal;
  /** The same as a promise, for what takes one. */
  readonly over: Promise<ForgeError>;
}

type ClientHost = Pick<Host, 'env' | 'signal'>;

const patienceMs = 30_000;
const longestAnswer = 64 * 1024;

/** Undefined outside a session. Throws denied BREAKGLASS_OVER in the shell of one that has ended. */
export async function breakGlassSession(host: ClientHost): Promise<BreakGlassSession | undefined> {
  const path = host.env[socketVariable];
  if (path === undefined || path === '') return undefined;
  const ask = (what: string) => request(host, path, what);
  const status = async () => parseStatus((await ask('status')).status);
  const { id, tier, environment, region, reason, endsAt } = await status();
  return {
    id,
    tier,
    environment,
    region,
    reason,
    endsAt,
    credentials: async () => parseCredentials((await ask('credentials')).credentials),
    renewed: async () => parseCredentials((await ask('renewed')).credentials),
    status,
    end: async () => void (await ask('end')),
    watch: () => watch(host, path),
  };
}

function gone(cause?: unknown): ForgeError {
  return new ForgeError('denied', 'The break-glass session of this shell has ended.', {
    code: 'BREAKGLASS_OVER',
    hint: 'Leave this shell with exit, and ask for access again: forge breakglass --help',
    cause,
  });
}

type Answer = Readonly<Record<string, unknown>>;

function request(host: ClientHost, path: string, what: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = open(host, path, what, host.signal);
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')));
    let answered = false;
    readLines(socket, (line) => {
      answered = true;
      try {
        resolve(parseAnswer(line));
      } catch (error) {
        reject(error);
      }
    });
    const fail = (error?: Error) => {
      if (!answered) reject(host.signal.aborted ? host.signal.reason : gone(error));
    };
    socket.once('error', fail);
    socket.once('close', () => fail());
  });
}

function watch(host: ClientHost, path: string): Promise<SessionWatch> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    const socket = open(host, path, 'watch', undefined);
    let report = (_: ForgeError) => {};
    const over = new Promise<ForgeError>((done) => {
      report = done;
    });
    let stopped = false;
    const end = (error: ForgeError) => {
      if (stopped) return;
      stopped = true;
      controller.abort(error);
      report(error);
      reject(error);
    };
    readLines(socket, (line) => {
      try {
        const answer = parseAnswer(line);
        if (answer.ended !== undefined) return end(told(answer.ended));
        resolve({
          signal: controller.signal,
          over,
          [Symbol.dispose]: () => {
            stopped = true;
            socket.destroy();
          },
        });
      } catch (error) {
        end(error instanceof ForgeError ? error : gone(error));
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => end(gone()));
  });
}

function open(host: ClientHost, path: string, what: string, signal: AbortSignal | undefined): Socket {
  const socket = connect({ path, ...(signal !== undefined && { signal }) });
  const line = JSON.stringify({ key: host.env[keyVariable] ?? '', ask: what });
  socket.once('connect', () => socket.write(`${line}\n`));
  return socket;
}

function readLines(socket: Socket, use: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
    if (text.length > longestAnswer) socket.destroy(new Error('too long an answer'));
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      use(line);
    }
  });
}

function parseAnswer(line: string): Answer {
  const answer = JSON.parse(line) as Answer;
  if (answer.error !== undefined) throw told(answer.error);
  return answer;
}

function told(value: unknown): ForgeError {
  const { kind, message, code, hint } = value as Answer;
  const known = Object.keys(exitCodes).find((name): name is ErrorKind => name === kind) ?? 'failed';
  return new ForgeError(known, String(message ?? 'Failed.'), {
    code: String(code ?? 'BREAKGLASS_FAILED'),
    hint: typeof hint === 'string' ? hint : undefined,
  });
}

function parseStatus(value: unknown): SessionStatus {
  const { id, tier, environment, region, reason, endsAt, leftMs, issuedUntil } = (value ?? {}) as Answer;
  const texts = [id, environment, region, reason].every((text) => typeof text === 'string');
  const numbers = [endsAt, leftMs, issuedUntil].every((number) => typeof number === 'number');
  if (!texts || !numbers || !(tier === 0 || tier === 1 || tier === 2 || tier === 3)) throw gone();
  return value as SessionStatus;
}

function parseCredentials(value: unknown): RoleCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, source, account, callerArn, checkedAt } =
    (value ?? {}) as Answer;
  const whole = [accessKeyId, secretAccessKey, sessionToken, source].every(
    (text) => typeof text === 'string',
  );
  if (!whole || typeof expiration !== 'number') throw gone();
  return {
    accessKeyId: String(accessKeyId),
    secretAccessKey: new Secret(String(secretAccessKey)),
    sessionToken: new Secret(String(sessionToken)),
    expiration,
    source: String(source),
    account: typeof account === 'string' ? account : undefined,
    callerArn: typeof callerArn === 'string' ? callerArn : undefined,
    checkedAt: typeof checkedAt === 'number' ? checkedAt : undefined,
  };
}
