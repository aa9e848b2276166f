import { connect, type Socket } from 'node:net';
import { cancelMessage } from '../../../src/db/cancel-request.ts';
import { logIn } from '../../../src/db/proxy/log-in.ts';
import { type DatabaseProxy, type ProxyOptions, startProxy } from '../../../src/db/proxy/start-proxy.ts';
import type { Outcome, Statement, StatementWatcher } from '../../../src/db/proxy/statement.ts';
import type { OpenUpstream } from '../../../src/db/proxy/upstream.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { plainUser, startPlainPostgres } from '../../support/plain-postgres.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';

/** Remembers what it is told, in order. */
export class NotingWatcher implements StatementWatcher {
  readonly before: StatementWatcher['before'] = async (statement) => {
    this.statements.push(statement);
  };
  readonly statements: Statement[] = [];
  readonly outcomes: Outcome[] = [];
  put(): void {}
  after(outcome: Outcome): void {
    this.outcomes.push(outcome);
  }
}

/** A real PostgreSQL with a proxy before it. */
export interface ProxyStage extends AsyncDisposable {
  readonly host: TestHost;
  readonly proxy: DatabaseProxy;
  readonly watcher: NotingWatcher;
  /** Folder of PostgreSQL's own socket. */
  readonly direct: string;
  start(options?: Partial<ProxyOptions>): Promise<DatabaseProxy>;
}

export const stageTarget = { user: plainUser, database: 'postgres' };

export async function startProxyStage(): Promise<ProxyStage> {
  const postgres = await startPlainPostgres();
  const host = createTestHost();
  const watcher = new NotingWatcher();
  const started: DatabaseProxy[] = [];
  const start = async (options: Partial<ProxyOptions> = {}) => {
    const proxy = await startProxy(host, {
      endpoint: { kind: 'unix' },
      target: stageTarget,
      upstream: stageUpstream(postgres.folder),
      guard: { check: () => undefined },
      watcher,
      signal: new AbortController().signal,
      ...options,
    });
    started.push(proxy);
    return proxy;
  };
  return {
    host,
    proxy: await start(),
    watcher,
    direct: postgres.folder,
    start,
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((proxy) => proxy[Symbol.asyncDispose]()));
      await postgres[Symbol.asyncDispose]();
      host.dispose();
    },
  };
}

/** `dial`: the folder of PostgreSQL's socket, or what connects; a password where PostgreSQL asks for one. */
export function stageUpstream(dial: string | (() => Promise<Socket>), password = ''): OpenUpstream {
  const open = typeof dial === 'string' ? () => connected(`${dial}/.s.PGSQL.5432`) : dial;
  return async ({ applicationName, settings }, signal) => {
    const stream = await open();
    const parameters = new Map<string, string>([...Object.entries(stageTarget), ...settings]);
    if (applicationName !== undefined) parameters.set('application_name', applicationName);
    const login = { parameters, password: new Secret(password), signal, timeoutMs: 10_000 };
    const { greeting, processId, secretKey } = await logIn(stream, login);
    const cancel = async () => {
      const other = await open();
      const closed = new Promise((resolve) => other.once('close', resolve));
      other.resume();
      other.end(cancelMessage(processId, secretKey));
      await closed;
    };
    return { stream, greeting, processId, cancel };
  };
}

export const connected = (path: string): Promise<Socket> => opened(connect(path));

export function opened(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
