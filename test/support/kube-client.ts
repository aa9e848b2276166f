import { request } from 'node:https';
import { WebSocket } from 'ws';

/** What a kubeconfig says of a cluster, and a token. */
export interface KubeClientOptions {
  /** `https://host:port` */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly token: string;
  /** `tls-server-name` */
  readonly serverName?: string;
}

export interface KubeAnswer {
  readonly status: number;
  /** Parsed where it is JSON; of a watch that ended, the list of its events. */
  readonly body: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface KubeRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface ExecWish {
  readonly pod: string;
  readonly command: readonly string[];
  readonly namespace?: string;
  readonly container?: string;
  /** Sent, and then ended. Nothing: no input. */
  readonly stdin?: string | Buffer;
  readonly protocol?: string;
}

export interface ExecResult {
  /** 0 of success; -1 where no exit code was told. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The Status at the end. */
  readonly status: unknown;
  readonly closeCode: number;
}

/** As much of a Kubernetes client as tests and the demo need where no kubectl is installed. */
export interface KubeClient {
  request(path: string, wish?: KubeRequest): Promise<KubeAnswer>;
  /** Names of what a path lists. */
  names(path: string): Promise<readonly string[]>;
  /** Rejects with the refusal's message. */
  exec(wish: ExecWish): Promise<ExecResult>;
  /** The WebSocket of exec, to be driven by hand; paused, so that nothing comes before there is a listener. */
  openExec(path: string, query: string, protocols?: readonly string[]): Promise<WebSocket>;
}

export function createKubeClient({ server, authority, token, serverName }: KubeClientOptions): KubeClient {
  const authorization = `Bearer ${token}`;
  const tls = { ca: authority, ...(serverName === undefined ? {} : { servername: serverName }) };
  const client: KubeClient = {
    request: (path, { method = 'GET', headers = {}, body } = {}) =>
      new Promise((resolve, reject) => {
        const sent = request(
          `${server}${path}`,
          {
            ...tls,
            method,
            agent: false,
            headers: { authorization, accept: 'application/json', ...headers },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString();
              const isJson = (response.headers['content-type'] ?? '').includes('json');
              resolve({
                status: response.statusCode ?? 0,
                body: !isJson ? text : path.includes('watch=') ? parseLines(text) : JSON.parse(text),
                text,
                headers: response.headers,
              });
            });
          },
        );
        sent.on('error', reject);
        sent.end(body);
      }),
    async names(path) {
      const { status, body, text } = await client.request(path);
      if (status !== 200) throw new Error(text);
      const { items } = body as {
        readonly items: readonly { readonly metadata: { readonly name: string } }[];
      };
      return items.map((item) => item.metadata.name);
    },
    openExec: (path, query, protocols = ['v5.channel.k8s.io']) => {
      const socket = new WebSocket(`${server.replace('https:', 'wss:')}${path}?${query}`, [...protocols], {
        ...tls,
        headers: { authorization },
        perMessageDeflate: false,
      });
      return new Promise((resolve, reject) => {
        socket.once('open', () => {
          socket.pause();
          resolve(socket);
        });
        socket.once('error', reject);
        socket.once('unexpected-response', (_request, response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const { message } = JSON.parse(Buffer.concat(chunks).toString()) as { message: string };
            reject(new Error(message));
          });
        });
      });
    },
    async exec({ pod, command, namespace = 'default', container, stdin, protocol = 'v5.channel.k8s.io' }) {
      const query = new URLSearchParams({ stdout: 'true', stderr: 'true' });
      for (const word of command) query.append('command', word);
      if (container !== undefined) query.set('container', container);
      if (stdin !== undefined) query.set('stdin', 'true');
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/exec`;
      const socket = await client.openExec(path, query.toString(), [protocol]);
      const received = new Map<number, Buffer[]>();
      socket.on('message', (data: Buffer) => {
        const channel = data[0] ?? 0;
        received.set(channel, [...(received.get(channel) ?? []), data.subarray(1)]);
      });
      const closed = new Promise<number>((resolve) => socket.once('close', resolve));
      socket.on('error', () => {});
      socket.resume();
      if (stdin !== undefined) {
        socket.send(Buffer.concat([Buffer.of(0), Buffer.from(stdin)]));
        if (protocol.startsWith('v5')) socket.send(Buffer.of(255, 0));
      }
      const closeCode = await closed;
      const text = (channel: number) => Buffer.concat(received.get(channel) ?? []).toString();
      const status = text(3) === '' ? undefined : (JSON.parse(text(3)) as ExitStatus);
      return { code: exitCode(status), stdout: text(1), stderr: text(2), status, closeCode };
    },
  };
  return client;
}

const parseLines = (text: string): unknown =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

interface ExitStatus {
  readonly status?: string;
  readonly details?: { readonly causes?: readonly { readonly reason: string; readonly message: string }[] };
}

function exitCode(status: ExitStatus | undefined): number {
  if (status?.status === 'Success') return 0;
  const cause = status?.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  return cause === undefined ? -1 : Number(cause.message);
}
