import { timingSafeEqual } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { SandboxState } from './sandbox-state.ts';

/**
 * How `status` and `stop` talk to the sandbox's process: a port on loopback that knows two requests. A process id
 * alone would not do: after a crash it can belong to any other program, which must not be signalled.
 */
export interface ControlServer extends AsyncDisposable {
  readonly port: number;
  /** Settles when somebody asked the sandbox to stop. */
  readonly stopRequested: Promise<void>;
}

const header = 'x-forge-sandbox-admin';

export async function startControlServer(token: string): Promise<ControlServer> {
  let requestStop = () => {};
  const stopRequested = new Promise<void>((resolve) => {
    requestStop = resolve;
  });
  const server = createServer((incoming, outgoing) => {
    const answer = (status: number) => outgoing.writeHead(status, { connection: 'close' }).end();
    if (!sameText(String(incoming.headers[header] ?? ''), token)) return answer(403);
    if (incoming.method === 'GET' && incoming.url === '/') return answer(204);
    if (incoming.method !== 'POST' || incoming.url !== '/stop') return answer(404);
    answer(202);
    requestStop();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stopRequested,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** `answers`: it is that sandbox. `silent`: something holds the port and says nothing. `gone`: nobody is there. */
export type ControlReply = 'answers' | 'silent' | 'gone';

export function askControl(
  state: Pick<SandboxState, 'controlPort' | 'adminToken'>,
  method: 'GET' | 'POST',
  path: '/' | '/stop',
): Promise<ControlReply> {
  return new Promise((resolve) => {
    const outgoing = request(
      { host: '127.0.0.1', port: state.controlPort, method, path, headers: { [header]: state.adminToken } },
      (incoming) => {
        incoming.resume();
        resolve((incoming.statusCode ?? 500) < 300 ? 'answers' : 'gone');
      },
    );
    outgoing.setTimeout(3_000, () => {
      resolve('silent');
      outgoing.destroy();
    });
    outgoing.on('error', () => resolve('gone'));
    outgoing.end();
  });
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
