import type { EmulatorShim } from './emulator-shim.ts';

/** A call to the emulator, by an account. It checks no signature, so none is made. */
export interface EmulatorCall {
  readonly account: string;
  readonly service: string;
  readonly path?: string;
  /** X-Amz-Target. */
  readonly target?: string;
  readonly body?: object;
}

export async function askEmulator<Output>({ endpoint }: EmulatorShim, call: EmulatorCall): Promise<Output> {
  const { account, service, path = '/', target, body } = call;
  const text = await send(new URL(path, endpoint), account, service, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json', ...(target ? { 'x-amz-target': target } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return JSON.parse(text) as Output;
}

/** Of IAM, which answers in XML: the texts of all elements of a name. Documents come as they are, not percent-encoded. */
export async function askIam(
  emulator: EmulatorShim,
  account: string,
  parameters: Readonly<Record<string, string>>,
): Promise<(element: string) => readonly string[]> {
  const text = await askQuery(emulator, account, 'iam', { Version: '2010-05-08', ...parameters });
  return (element) =>
    Array.from(text.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g')), ([, found = '']) =>
      decodeURIComponent(found),
    );
}

/** Of a service that takes forms: IAM, RDS. */
export const askQuery = (
  { endpoint }: EmulatorShim,
  account: string,
  service: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> =>
  send(new URL(endpoint), account, service, { method: 'POST', body: new URLSearchParams(parameters) });

export const bucketPolicy = ({ endpoint }: EmulatorShim, account: string, bucket: string): Promise<string> =>
  send(new URL(`/${bucket}?policy`, endpoint), account, 's3', {});

/** What S3 answers to a request, as its status. */
export async function askBucket(
  { endpoint }: EmulatorShim,
  account: string,
  path: string,
  request: RequestInit,
): Promise<{ readonly status: number; readonly headers: Headers }> {
  const answer = await fetch(new URL(path, endpoint), {
    ...request,
    headers: signed(account, 's3', request),
  });
  await answer.text();
  return answer;
}

const signed = (account: string, service: string, { headers }: RequestInit) => ({
  ...headers,
  authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/${service}/aws4_request`,
  'x-moto-account-id': account,
});

async function send(url: URL, account: string, service: string, request: RequestInit): Promise<string> {
  const answer = await fetch(url, { ...request, headers: signed(account, service, request) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} ${url.pathname}: ${answer.status} ${text}`);
  return text;
}
