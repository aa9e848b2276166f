import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ApiRequest, readApiRequest } from './api-request.ts';
import { asFailure } from './as-failure.ts';
import { mustBeAllowed } from './authorize.ts';
import { createContainers } from './containers.ts';
import { discover } from './discovery.ts';
import { impersonate } from './impersonate.ts';
import type { JsonMap } from './json.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import { answerObjects } from './object-requests.ts';
import { createObjectStore } from './object-store.ts';
import { createPodConnections } from './pod-connections.ts';
import { createPodLife } from './pod-life.ts';
import type { ResourceRequest } from './request-info.ts';
import { findResource } from './resource.ts';
import { reviewOf } from './reviews.ts';
import { seedCluster } from './seed-cluster.ts';
import type { ClusterFacts } from './seed-objects.ts';
import { serveLog } from './serve-log.ts';
import { ApiFailure, methodNotAllowed, noSuchPage, statusOf } from './status.ts';
import { watchObjects } from './watch-objects.ts';

/** The Kubernetes API of one cluster, behind whatever found out who asks. */
export interface KubernetesApi extends AsyncDisposable {
  /** Answers, whatever is asked: never throws. */
  handle(message: IncomingMessage, response: ServerResponse, user: KubernetesUser): void;
  /** exec and port-forward; refuses everything else. */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer, user: KubernetesUser): void;
}

export interface KubernetesApiOptions {
  /** The cluster's clock, epoch milliseconds. */
  now(): number;
  /** Holds the containers' home folders; made, and removed at the end. Nothing: a temporary one. */
  readonly containersFolder?: string;
}

export function createKubernetesApi(cluster: ClusterFacts, options: KubernetesApiOptions): KubernetesApi {
  const { now } = options;
  const store = createObjectStore(now);
  seedCluster(store, cluster, now());
  const life = createPodLife(store, cluster, now);
  const containers = createContainers(options.containersFolder);
  const end = new AbortController();
  const connections = createPodConnections({ store, containers });
  const serve = async (request: ApiRequest, response: ServerResponse): Promise<void> => {
    const { info } = request;
    mustBeAllowed(request.user, info);
    if (info.type === 'path') {
      if (info.verb !== 'get' && info.verb !== 'head') throw methodNotAllowed();
      const found = discover(info.path, cluster.version);
      if (found === undefined) throw noSuchPage();
      return answer(response, 200, found);
    }
    const review = reviewOf(info.group, info.version, info.resource);
    if (review !== undefined) {
      if (info.verb !== 'create') throw methodNotAllowed();
      return answer(response, 201, review(request.user, await request.body()));
    }
    const resource = findResource(info.group, info.version, info.resource);
    if (resource === undefined) throw noSuchPage();
    if (info.subresource !== '') return serveSubresource(request, info, response);
    if (info.verb === 'watch') {
      const namespace = resource.namespaced ? info.namespace : '';
      return watchObjects(request, response, { store, resource, namespace, now, ended: end.signal });
    }
    const { status, body } = await answerObjects(request, info, resource, { store, life, now });
    answer(response, status, body);
  };
  const serveSubresource = (request: ApiRequest, info: ResourceRequest, response: ServerResponse) => {
    if (info.resource !== 'pods') throw noSuchPage();
    if (info.subresource === 'log' && info.verb === 'get') {
      return serveLog(request, info, response, { store, now, ended: end.signal });
    }
    if (info.subresource === 'exec' || info.subresource === 'portforward') {
      throw new ApiFailure(400, 'BadRequest', 'Upgrade request required');
    }
    throw noSuchPage();
  };
  return {
    handle(message, response, user) {
      response.setHeader('audit-id', randomUUID());
      response.setHeader('cache-control', 'no-cache, private');
      message.on('error', () => {});
      response.on('error', () => {});
      const start = async () => serve(readApiRequest(message, impersonate(user, message.headers)), response);
      start().catch((error: unknown) => refuse(response, error));
    },
    upgrade: (message, socket, head, user) => connections.upgrade(message, socket, head, user),
    async [Symbol.asyncDispose]() {
      end.abort();
      life[Symbol.dispose]();
      await connections[Symbol.asyncDispose]();
      await containers[Symbol.asyncDispose]();
    },
  };
}

function answer(response: ServerResponse, status: number, body: JsonMap | string): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

function refuse(response: ServerResponse, error: unknown): void {
  const failure = asFailure(error);
  if (response.headersSent || response.destroyed) return void response.destroy();
  // What is still being sent will not be read.
  if (failure.code === 413) response.setHeader('connection', 'close');
  answer(response, failure.code, statusOf(failure));
}
