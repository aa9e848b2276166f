import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { missingOfBuckets } from './emulator-buckets.ts';
import { missingOfClusters } from './emulator-clusters.ts';
import { missingOfFunctions } from './emulator-functions.ts';
import { missingOfIdentityCenter } from './emulator-identity-center.ts';

/** Stands before an emulator of AWS on loopback: answers the calls that it lacks and hands on the rest as they came. */
export interface EmulatorShim extends AsyncDisposable {
  readonly endpoint: string;
  /** Every call that nobody here knew, as `service operation`: each is an error that Terraform reports at once. */
  readonly unknown: ReadonlySet<string>;
}

/** One call of an AWS client, whatever protocol it speaks. */
export interface Call {
  /** Signing name: `s3`, `sso`, `states`. */
  readonly service: string;
  /** From X-Amz-Target or Action; where neither is, the method and the first word of the query: `PUT policy`. */
  readonly operation: string;
  /** Decoded: `/clusters/a/access-entries/arn:aws:iam::…:role/b` has its ARN in one piece only in `segments`. */
  readonly segments: readonly string[];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What the emulator lacks of a service, with a memory of what was put. */
export interface MissingCalls {
  /** Undefined hands the call on. */
  answer(call: Call): Answer | undefined;
  /** What came back of a call that was handed on; the answer to give instead, if it is to be another. */
  amend?(call: Call, answer: Answer): Answer | undefined;
}

export async function startEmulatorShim(emulator: URL): Promise<EmulatorShim> {
  const missing = [missingOfIdentityCenter(), missingOfBuckets(), missingOfFunctions(), missingOfClusters()];
  const unknown = new Set<string>();
  const serve = async (incoming: IncomingMessage, response: ServerResponse) => {
    const bytes = await readAll(incoming);
    const call = describe(incoming, bytes);
    const give = ({ status, type, body }: Answer) =>
      void response.writeHead(status, { 'content-type': type }).end(body);
    for (const service of missing) {
      const own = service.answer(call);
      if (own) return give(own);
    }
    const handed = await handOn(emulator, incoming, bytes);
    const type = handed.headers['content-type'] ?? '';
    const answer = { status: handed.status, type, body: handed.bytes.toString() };
    // A page is moto's word for what it does not know, or failed at. A client would try that 25 times.
    if (handed.status >= 400 && /^<!doctype html/i.test(answer.body)) {
      unknown.add(`${call.service} ${call.operation}`);
      return give(notKnown(call, answer));
    }
    for (const service of missing) {
      const amended = service.amend?.(call, answer);
      if (amended) return give(amended);
    }
    response.writeHead(handed.status, handed.headers).end(handed.bytes);
  };
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    unknown,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/x-amz-json-1.1',
  body: JSON.stringify(value),
});

export const notFound = (message: string, status = 400): Answer =>
  json({ __type: 'ResourceNotFoundException', message }, status);

function notKnown({ service, operation, segments }: Call, { status, body }: Answer): Answer {
  const message = `The emulator has no ${service} ${operation} /${segments.join('/')}: ${status} ${body.slice(0, 200)}`;
  return json({ __type: 'UnknownOperationException', message }, 400);
}

function describe(incoming: IncomingMessage, bytes: Buffer): Call {
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(incoming.headers.authorization ?? '');
  const { pathname, search } = new URL(incoming.url ?? '/', 'http://emulator');
  const target = incoming.headers['x-amz-target'];
  const body = bytes.toString();
  const action = target ? `${target}`.replace(/^.*\./, '') : /(?:^|&)Action=(\w+)/.exec(body)?.[1];
  return {
    service: scope?.[1] ?? '',
    operation: action ?? `${incoming.method} ${/^\?([A-Za-z-]+)/.exec(search)?.[1] ?? ''}`.trim(),
    segments: pathname.split('/').slice(1).map(decodeURIComponent),
    body,
  };
}

function handOn(emulator: URL, incoming: IncomingMessage, bytes: Buffer) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; bytes: Buffer }>(
    (resolve, reject) => {
      const { method, url: path, headers } = incoming;
      const sent = request(emulator, { method, path, headers }, (answer) => {
        readAll(answer).then(
          (body) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, bytes: body }),
          reject,
        );
      });
      sent.on('error', reject).end(bytes);
    },
  );
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
