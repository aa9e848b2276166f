import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { encodeAgentMessage } from '../../ssm/wire/agent-message.ts';
import type { World } from '../world.ts';
import { Agent } from './agent.ts';
import { ChannelSocket } from './channel-socket.ts';
import { createCommandRunner } from './command-runner.ts';
import { createMachine } from './machine.ts';
import { controlFlags, MessageType, Payload } from './payloads.ts';
import type { Session } from './session.ts';

/** The service's side of data channels: sockets come and go, the session and its agent stay. */
export interface DataChannelGateway extends AsyncDisposable {
  /** An HTTP upgrade; false: not for here. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

const path = /^\/v1\/data-channel\/([^/?]+)\?role=publish_subscribe$/;
/** Far more than any message of the protocol. */
const largestMessage = 1024 * 1024;
const openingMs = 10_000;

export function createDataChannelGateway(world: World, folder?: string): DataChannelGateway {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: largestMessage,
    clientTracking: true,
  });
  const machine = createMachine(folder);
  world.ssm.commands.runner = createCommandRunner(machine);
  const channels = new Map<Session, Channel>();
  const echo = createEcho();
  const open = (session: Session, socket: WebSocket) => {
    let channel = channels.get(session);
    if (channel === undefined) {
      channel = startChannel(world, session, machine, echo.port, () => channels.delete(session));
      channels.set(session, channel);
    }
    channel.connect(socket);
  };
  return {
    upgrade(request, socket, head) {
      const id = sessionIdOf(request.url ?? '');
      // A page in a browser states its origin; nobody else does.
      if (id === undefined || request.headers.origin !== undefined) return false;
      server.handleUpgrade(request, socket, head, (webSocket) => {
        awaitOpening(world, id, webSocket, open);
      });
      return true;
    },
    async [Symbol.asyncDispose]() {
      for (const channel of channels.values()) channel[Symbol.dispose]();
      for (const client of server.clients) client.terminate();
      server.close();
      await echo[Symbol.asyncDispose]();
      await machine[Symbol.asyncDispose]();
    },
  };
}

/** Undefined for what is no address of a data channel, with a percent sign before nothing, say. */
function sessionIdOf(url: string): string | undefined {
  const [, id] = path.exec(url) ?? [];
  try {
    return id === undefined ? undefined : decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

/** The first frame is text and carries the token, which it spends. */
function awaitOpening(
  world: World,
  id: string,
  socket: WebSocket,
  open: (session: Session, socket: WebSocket) => void,
): void {
  socket.on('error', () => {});
  const deadline = setTimeout(() => socket.close(1008, 'no OpenDataChannel'), openingMs);
  socket.once('close', () => clearTimeout(deadline));
  socket.once('message', (data: RawData, isBinary: boolean) => {
    clearTimeout(deadline);
    const token = isBinary ? undefined : openingToken(data);
    const session = world.ssm.sessions.get(id);
    const wanted = session?.token;
    if (session === undefined || wanted === undefined || session.endedAt !== undefined || token !== wanted) {
      return socket.close(1008, 'the token is not valid');
    }
    session.token = undefined;
    open(session, socket);
  });
}

function openingToken(data: RawData): string | undefined {
  try {
    const frame: unknown = JSON.parse(data.toString());
    if (typeof frame !== 'object' || frame === null) return undefined;
    const { MessageSchemaVersion, RequestId, TokenValue, ClientId, ClientVersion } = frame as Record<
      string,
      unknown
    >;
    const texts = [RequestId, TokenValue, ClientId].every(
      (value) => typeof value === 'string' && value !== '',
    );
    const version = ClientVersion === undefined || typeof ClientVersion === 'string';
    return MessageSchemaVersion === '1.0' && texts && version ? String(TokenValue) : undefined;
  } catch {
    return undefined;
  }
}

interface Channel extends Disposable {
  connect(socket: WebSocket): void;
}

function startChannel(
  world: World,
  session: Session,
  machine: ReturnType<typeof createMachine>,
  echoPort: () => Promise<number>,
  gone: () => void,
): Channel {
  const { faults } = world.ssm;
  let current: ChannelSocket | undefined;
  let sockets = 0;
  let over = false;
  const agent = new Agent({
    session,
    machine,
    faults,
    now: world.now,
    transmit: (frame) => current?.send(frame),
    async destination(host, port) {
      const found = world.ssm.network.find(world.organisation, session.instance, host, port);
      return found === 'echo' ? echoPort() : found;
    },
    ended: (output) => close(output),
  });
  const close = (output: string) => {
    if (over) return;
    over = true;
    clearInterval(clock);
    session.endedAt ??= world.now();
    session.token = undefined;
    session.running = undefined;
    agent[Symbol.dispose]();
    current?.finish(channelClosed(world, session, output));
    gone();
  };
  const clock = setInterval(() => {
    const now = world.now();
    const { idleMinutes, maxMinutes } = session.preferences;
    if (maxMinutes !== undefined && now - session.startedAt >= maxMinutes * 60_000) {
      close(`Session: ${session.id} reached its maximum duration of ${maxMinutes} minutes.`);
    } else if (now - session.usedAt >= idleMinutes * 60_000) {
      close(`Session: ${session.id} timed out due to inactivity.`);
    }
  }, 250);
  session.running = {
    end: close,
    sayBye: () => current?.close(1000, 'Bye'),
    cut: () => current?.cut(),
    publish(on) {
      if (on) agent.link.startPublication();
      else agent.link.pausePublication();
      current?.send(control(world, on ? MessageType.startPublication : MessageType.pausePublication, '{}'));
    },
  };
  return {
    connect(webSocket) {
      // One client at a time: the newest holds the token.
      current?.close(1000, 'Bye');
      const cuts = sockets < faults.cuts;
      const socket = new ChannelSocket(
        webSocket,
        { ...faults, ...(cuts ? {} : { cutAfterBytes: 0 }) },
        sockets++,
        {
          message: (message) => {
            if (current === socket && !over) agent.link.accept(message);
          },
          gone() {
            if (current !== socket) return;
            current = undefined;
            agent.link.pausePublication();
          },
        },
      );
      current = socket;
      agent.link.startPublication();
      if (sockets === 1) agent.start();
    },
    [Symbol.dispose]: () => close('The service is shutting down.'),
  };
}

function control(world: World, type: string, content: string): Buffer {
  return encodeAgentMessage({
    type,
    sequenceNumber: 0,
    flags: controlFlags,
    messageId: randomUUID(),
    createdAt: world.now(),
    payloadType: Payload.none,
    payload: Buffer.from(content),
  });
}

function channelClosed(world: World, session: Session, output: string): Buffer {
  const content = {
    MessageId: randomUUID(),
    CreatedDate: new Date(world.now()).toISOString(),
    DestinationId: session.instance.id,
    SessionId: session.id,
    MessageType: MessageType.channelClosed,
    SchemaVersion: 1,
    Output: output,
  };
  return control(world, MessageType.channelClosed, JSON.stringify(content));
}

/** A server that says what it hears: what the name "echo" leads to. Listens once somebody asks. */
function createEcho(): AsyncDisposable & { port(): Promise<number> } {
  let server: Server | undefined;
  let listening: Promise<number> | undefined;
  const start = () =>
    new Promise<number>((resolve, reject) => {
      const opened = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
        socket.on('error', () => {});
        socket.pipe(socket);
      });
      server = opened;
      opened.once('error', reject);
      opened.listen(0, '127.0.0.1', () => {
        const address = opened.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  return {
    port() {
      listening ??= start();
      return listening;
    },
    async [Symbol.asyncDispose]() {
      server?.close();
    },
  };
}
