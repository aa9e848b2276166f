import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { SignedRequest } from './signed-request.ts';

/** One request, read whole. */
export interface Received extends SignedRequest {
  readonly requestId: string;
  /** When its headers had come, performance.now(): before its body. */
  readonly arrivedAt: number;
  /** First value of a header; lower-case name. */
  header(name: string): string | undefined;
  cookie(name: string): string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** More than any call that the stand-in knows needs; objects have more to carry. */
const longestBody = 256 * 1024;
const longestObject = 64 * 1024 * 1024;

export class BodyTooLong extends Error {}

export async function receive(message: IncomingMessage): Promise<Received> {
  const arrivedAt = performance.now();
  const forObjects = /\/s3\/aws4_request/.test(message.headers.authorization ?? '');
  const longest = forObjects ? longestObject : longestBody;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longest) throw new BodyTooLong('the body is too long');
    chunks.push(chunk);
  }
  const [path = '/', ...query] = (message.url ?? '/').split('?');
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    headers.push([message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? '']);
  }
  const header = (wanted: string) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
  return {
    requestId: randomUUID(),
    arrivedAt,
    method: message.method ?? 'GET',
    path,
    query: query.join('?'),
    headers,
    body: Buffer.concat(chunks),
    header,
    cookie: (wanted) =>
      (header('cookie') ?? '')
        .split(';')
        .map((pair) => pair.trim().split('='))
        .find(([name]) => name === wanted)?.[1],
  };
}

/** One call to one operation of one service: what a route finds for a request. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  /** May throw AwsFailure. */
  run(): Reply;
  /** The refusal in the service's protocol. */
  failed(code: string, status: number, message: string, details?: Readonly<Record<string, string>>): Reply;
}

/** Percent-decoded with `+` as a space, as forms are written. The last of a repeated name wins. */
export function parseForm(body: string): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(body));
}
