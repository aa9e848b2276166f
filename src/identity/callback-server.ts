import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { Secret } from '../lib/secret.ts';
import { type PageText, renderCallbackPage } from './callback-page.ts';

/** Where the browser brings the authorization code to (RFC 8252, 7.3). Closing it frees the port. */
export interface CallbackServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/oauth/callback`. */
  readonly redirectUri: string;
  /** The browser's answer; rejects when time is up, or with the signal's reason. */
  readonly answer: Promise<CallbackAnswer>;
}

export interface CallbackAnswer {
  readonly result:
    | { readonly kind: 'code'; readonly code: Secret }
    | { readonly kind: 'refused'; readonly error: string; readonly description: string };
  /** What the waiting browser is to show; the page is held back until the outcome is known. */
  show(text: PageText): Promise<void>;
}

const path = '/oauth/callback';

/**
 * Listens on the literal loopback address only, for one answer. Any page and any program on this machine can send
 * requests here, so only GET of the exact path and Host with the exact state counts; all else gets an error page
 * and the server keeps waiting.
 */
export async function startCallbackServer(
  host: Pick<Host, 'signal'>,
  options: { readonly state: string; readonly timeoutMilliseconds: number },
): Promise<CallbackServer> {
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 10_000, headersTimeout: 10_000 });
  server.maxConnections = 50;
  let answered = false;
  let settle: (answer: CallbackAnswer) => void = () => {};
  let abandon: (reason: unknown) => void = () => {};
  const answer = new Promise<CallbackAnswer>((resolve, reject) => {
    settle = resolve;
    abandon = reject;
  });
  // Nobody awaits it when opening the browser fails first.
  answer.catch(() => {});

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, resolve);
  });
  const { port } = server.address() as AddressInfo;

  server.on('request', (request, response) => {
    const judged = judge(request, `127.0.0.1:${port}`, options.state);
    if ('status' in judged) return void send(response, judged);
    if (answered) return void send(response, alreadyAnswered);
    answered = true;
    settle({ result: judged, show: (text) => send(response, text) });
  });
  server.on('clientError', (_error, socket) => socket.destroy());

  const timer = setTimeout(() => {
    const message = `Nobody finished signing in within ${Math.round(options.timeoutMilliseconds / 60_000)} minutes.`;
    abandon(new ForgeError('signed-out', message, { code: 'SIGN_IN_TIMED_OUT', hint: 'forge login' }));
  }, options.timeoutMilliseconds);
  const onAbort = () => abandon(host.signal.reason);
  host.signal.addEventListener('abort', onAbort, { once: true });
  if (host.signal.aborted) onAbort();

  return {
    redirectUri: `http://127.0.0.1:${port}${path}`,
    answer,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      host.signal.removeEventListener('abort', onAbort);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const alreadyAnswered: PageText = {
  status: 400,
  title: 'Already answered',
  sentence: 'This sign-in has had its answer. Look at the terminal.',
};

function judge(
  request: IncomingMessage,
  ownHost: string,
  state: string,
): CallbackAnswer['result'] | PageText {
  // Taken apart by hand: a request target need not be a URL, and what can't be parsed must not end the process.
  const [pathname = '', ...query] = (request.url ?? '').split('?');
  const searchParams = new URLSearchParams(query.join('?'));
  // A page that rebinds its own name to 127.0.0.1 comes with that name as Host.
  if (request.headers.host !== ownHost) return notForForge('The request was made for another host.');
  if (pathname !== path) {
    return {
      status: 404,
      title: 'Nothing here',
      sentence: 'forge waits for a sign-in, and for nothing else.',
    };
  }
  if (request.method !== 'GET') return { ...notForForge('Only GET is answered.'), status: 405 };
  const values = (name: string) => searchParams.getAll(name);
  if (['state', 'code', 'error'].some((name) => values(name).length > 1)) {
    return notForForge('A part of it came twice.');
  }
  if (!isEqual(values('state')[0] ?? '', state)) {
    return notForForge('It does not belong to the sign-in that forge began.');
  }
  const [error] = values('error');
  if (error !== undefined) {
    return { kind: 'refused', error, description: searchParams.get('error_description') ?? '' };
  }
  const [code] = values('code');
  if (!code) return notForForge('It holds no code.');
  return { kind: 'code', code: new Secret(code) };
}

function notForForge(sentence: string): PageText {
  return { status: 400, title: 'Not the answer forge waits for', sentence };
}

/** In constant time; hashed first, because lengths may differ. */
function isEqual(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

/** Resolves when the page has left, or the browser has. */
async function send(response: ServerResponse, text: PageText): Promise<void> {
  const page = renderCallbackPage(text);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.once('finish', resolve);
    if (response.destroyed) return resolve();
    response.writeHead(page.status, page.headers).end(page.body);
  });
}
