import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdminApi } from '../admin/admin-api.ts';
import { connectHandlers, type HandlersOptions } from '../machine/connect-handlers.ts';
import { findSlackCall } from '../machine/slack.ts';
import { findOidcCall } from '../oidc/oidc-api.ts';
import { createPortalPages } from '../pages/portal-pages.ts';
import { createDataChannelGateway } from '../ssm/data-channel.ts';
import type { World } from '../world.ts';
import { AwsFailure } from './aws-failure.ts';
import { findEksCall } from './eks/eks-api.ts';
import { BodyTooLong, type Call, type Received, type Reply, receive } from './exchange.ts';
import { findJsonCall } from './json-api.ts';
import { jsonReply } from './json-body.ts';
import { createPortalApi } from './portal/portal-api.ts';
import { findQueryCall } from './query-api.ts';
import { findS3Call } from './s3/s3-api.ts';

/**
 * The stand-in's one HTTP server: STS, RDS, EC2, EKS, S3, SSM with its data channels, KMS, the identity store, Identity Center's OIDC API, portal
 * and pages, and the admin levers, for clients that know it by AWS_ENDPOINT_URL alone. On loopback only, whoever asks.
 */
export interface AwsEndpoint extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** Value of x-forge-sandbox-admin that opens /_sandbox/. */
  readonly adminToken: string;
  close(): Promise<void>;
}

export interface AwsEndpointOptions {
  readonly world: World;
  /** 0 or nothing: any free port. */
  readonly port?: number;
  readonly adminToken?: string;
  /** Holds the instances' home folders; made, and removed at the end. Nothing: a temporary one. */
  readonly instancesFolder?: string;
  /** The bundle of break-glass's handlers; nothing: no handler runs. */
  readonly handlers?: HandlersOptions;
}

const loopback = '127.0.0.1';
type Route = (request: Received) => Promise<Reply | 'drop'> | undefined;

export async function startAwsEndpoint(options: AwsEndpointOptions): Promise<AwsEndpoint> {
  const { world } = options;
  const adminToken = options.adminToken ?? randomBytes(24).toString('base64url');
  let route: Route | undefined;
  let hosts: readonly string[] = [];
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (message, response) => {
    if (route) void serve(world, hosts, route, message, response);
  });
  const gateway = createDataChannelGateway(world, options.instancesFolder);
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const known = hosts.includes(message.headers.host ?? '') && gateway.upgrade(message, socket, head);
    if (!known) socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const url = `http://${loopback}:${port}`;
  hosts = [`${loopback}:${port}`, `localhost:${port}`];
  route = createRoutes(world, url, adminToken);
  const handlers = options.handlers && connectHandlers(world, url, options.handlers);
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await handlers?.[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      server.closeAllConnections();
      await closed;
    })();
    return closing;
  };
  return { url, port, adminToken, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: loopback, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function createRoutes(world: World, url: string, adminToken: string): Route {
  const findPage = createPortalPages(world);
  const findAdmin = createAdminApi(world, adminToken);
  const findPortalCall = createPortalApi(world);
  return (request) => {
    const call =
      findS3Call(world, request) ??
      findJsonCall(world, request, url) ??
      findQueryCall(world, request) ??
      findOidcCall(world, request, url) ??
      findPortalCall(request) ??
      findEksCall(world, request) ??
      findSlackCall(world, request);
    if (call) return answerCall(world, request, call);
    const reply = findAdmin(request) ?? findPage(request);
    return reply && Promise.resolve(reply);
  };
}

/** Runs a call, unless a fault was ordered for it. */
async function answerCall(world: World, request: Received, call: Call): Promise<Reply | 'drop'> {
  const fault = world.faults.take(call.service, call.operation);
  if (fault && fault.delayMs > 0) await sleep(fault.delayMs);
  if (!fault || (!fault.drop && fault.error === undefined)) return runCall(call);
  world.events.record({
    service: call.service,
    name: call.operation,
    account: undefined,
    principal: undefined,
    accessKeyId: undefined,
    sourceIdentity: undefined,
    userAgent: request.header('user-agent'),
    parameters: {},
    errorCode: fault.error ?? 'ConnectionDropped',
    errorMessage: fault.message,
  });
  return fault.drop ? 'drop' : call.failed(fault.error ?? '', fault.status, fault.message);
}

function runCall(call: Call): Reply {
  try {
    return call.run();
  } catch (error) {
    if (error instanceof AwsFailure) {
      return call.failed(error.code, error.status, error.message, error.details);
    }
    return call.failed('InternalFailure', 500, `The sandbox has a bug: ${String(error)}`);
  }
}

async function serve(
  world: World,
  hosts: readonly string[],
  route: Route,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Clients measure their clock against this one.
  response.setHeader('date', new Date(world.now()).toUTCString());
  try {
    // Only names of this very server: a page elsewhere whose name leads to loopback must get nothing.
    if (!hosts.includes(message.headers.host ?? '')) {
      send(response, {
        status: 403,
        headers: { 'content-type': 'text/plain' },
        body: 'This sandbox answers on loopback only.\n',
      });
      message.resume();
      return;
    }
    const request = await receive(message);
    const reply = await (route(request) ?? notFound(request));
    if (reply === 'drop') message.socket.destroy();
    else send(response, reply);
  } catch (error) {
    if (error instanceof BodyTooLong) {
      response.setHeader('connection', 'close');
      send(response, jsonReply(413, { message: 'Request Entity Too Large' }));
    } else if (error instanceof AwsFailure) {
      send(response, jsonReply(error.status, { message: error.message }, { 'x-amzn-errortype': error.code }));
    } else if (!message.socket.destroyed) {
      send(response, jsonReply(500, { message: `The sandbox has a bug: ${String(error)}` }));
    }
  }
}

async function notFound({ requestId }: Received): Promise<Reply> {
  return jsonReply(
    404,
    { message: 'The sandbox does not stand in for this operation' },
    { 'x-amzn-errortype': 'UnknownOperationException', 'x-amzn-requestid': requestId },
  );
}

function send(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  response.end(reply.body);
}
