import type { IncomingMessage } from 'node:http';
import { isMap, type JsonMap, type KubernetesObject, parseMap } from './json.ts';
import type { KubernetesUser } from './kubernetes-user.ts';
import { decodeProtobuf } from './protobuf.ts';
import { type RequestInfo, readRequestInfo } from './request-info.ts';
import { ApiFailure, badRequest, unsupportedMediaType } from './status.ts';

/** One request: what it is about, who asks, what they sent. */
export interface ApiRequest {
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly user: KubernetesUser;
  readonly accept: string | undefined;
  /** Without parameters, in small letters; application/json where none is said. */
  readonly contentType: string;
  /** The object that was sent. Throws ApiFailure: too large, too slow, none. */
  body(): Promise<JsonMap>;
  /** As it came, for patches. */
  text(): Promise<string>;
}

/** What the API server takes. */
const longestBody = 3 * 1024 * 1024;
const bodyMilliseconds = 30_000;

export function readApiRequest(message: IncomingMessage, user: KubernetesUser): ApiRequest {
  const [path = '/', ...rest] = (message.url ?? '/').split('?');
  const query = new URLSearchParams(rest.join('?'));
  const contentType = (message.headers['content-type'] ?? 'application/json').split(';')[0] ?? '';
  const request: ApiRequest = {
    info: readRequestInfo(message.method ?? 'GET', path, query),
    query,
    user,
    accept: message.headers.accept,
    contentType: contentType.trim().toLowerCase(),
    async body() {
      const bytes = await readBody(message);
      if (request.contentType === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(bytes);
      if (request.contentType !== 'application/json') {
        throw unsupportedMediaType('application/json, application/vnd.kubernetes.protobuf');
      }
      const object = parseMap(bytes.toString());
      if (object === undefined) throw badRequest('the object provided is unrecognized: it is no JSON object');
      return object;
    },
    text: async () => (await readBody(message)).toString(),
  };
  return request;
}

/** An object with apiVersion, kind and metadata in place. */
export function asObject(value: JsonMap): KubernetesObject {
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    throw badRequest("Object 'Kind' is missing in the body of the request");
  }
  const own = isMap(metadata) ? metadata : {};
  return { ...value, apiVersion, kind, metadata: own };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const late = setTimeout(() => message.destroy(), bodyMilliseconds);
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > longestBody) {
        throw new ApiFailure(
          413,
          'RequestEntityTooLarge',
          `Request entity too large: limit is ${longestBody}`,
        );
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(chunks);
}
