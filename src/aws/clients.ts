import { setMaxListeners } from 'node:events';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { version } from '../version.ts';
import { toForgeError } from './aws-error.ts';
import { type AwsService, type ProfileEndpoints, resolveEndpoint } from './endpoint.ts';
import { RequestHandler } from './request-handler.ts';

type AwsHost = Pick<Host, 'env' | 'now' | 'monotonic' | 'signal'>;

/** What every API call needs, made once a command. Makes no connection by itself. */
export interface Aws {
  readonly host: AwsHost;
  /** Everything an SDK client would else look for in files and instance metadata, so that it never looks. */
  clientConfig(service: AwsService, region: string, keys: SigningKeys | undefined): AwsClientConfig;
  endpointFor(service: AwsService, region: string): string;
  /** The clock of AWS minus this machine's, milliseconds, from the latest reply; 0 until there is one. */
  clockSkew(): number;
  /** Server time: what expiries that AWS states are to be compared with. Epoch milliseconds. */
  now(): number;
  debug(text: string): void;
}

export interface AwsClientConfig {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly requestHandler: RequestHandler;
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly defaultsMode: 'standard';
  readonly userAgentAppId: string;
  readonly useFipsEndpoint: false;
  readonly useDualstackEndpoint: false;
  readonly authSchemePreference: string[];
  readonly sigv4aSigningRegionSet: string[];
  readonly disableClockSkewCorrection: false;
  readonly systemClockOffset: number;
}

/** What a call is, for its debug line and for the sentence when it fails. */
export interface AwsCall {
  readonly service: AwsService;
  /** As the API reference spells it, e.g. `AssumeRole`. */
  readonly operation: string;
  readonly region: string;
  /** IAM action that the call needs. */
  readonly action?: string | undefined;
  readonly resource?: string | undefined;
  /** Who asks, as an ARN or a name. */
  readonly who?: string | undefined;
  /** What to do when access is refused: the permission set and the groups that would help. */
  readonly deniedHint?: string | undefined;
}

export interface AwsOptions {
  readonly debug?: (text: string) => void;
  readonly profile?: ProfileEndpoints | undefined;
}

export function createAws(host: AwsHost, options: AwsOptions = {}): Aws {
  // Each call under way listens for Ctrl-C, dozens at once; Node takes more than ten of them for a leak.
  setMaxListeners(0, host.signal);
  const endpointFor = (service: AwsService, region: string) =>
    resolveEndpoint(host.env, service, region, options.profile);
  let skew: number | undefined;
  let handler: RequestHandler | undefined;
  const onDate = (serverTime: number) => {
    skew = serverTime - host.now();
  };
  return {
    host,
    endpointFor,
    clockSkew: () => skew ?? 0,
    now: () => host.now() + (skew ?? 0),
    debug: options.debug ?? (() => {}),
    clientConfig(service, region, keys) {
      const endpoint = endpointFor(service, region);
      handler ??= new RequestHandler(host, onDate);
      return {
        region,
        endpoint,
        credentials: {
          accessKeyId: keys?.accessKeyId ?? '',
          secretAccessKey: keys?.secretAccessKey ?? '',
          ...(keys?.sessionToken ? { sessionToken: keys.sessionToken } : {}),
        },
        requestHandler: handler,
        maxAttempts: maxAttempts(host.env.AWS_MAX_ATTEMPTS),
        retryMode: 'standard',
        defaultsMode: 'standard',
        userAgentAppId: host.env.AWS_SDK_UA_APP_ID || `forge/${version}`,
        useFipsEndpoint: false,
        useDualstackEndpoint: false,
        authSchemePreference: ['sigv4'],
        sigv4aSigningRegionSet: [region],
        disableClockSkewCorrection: false,
        systemClockOffset: skew !== undefined && Math.abs(skew) > 60_000 ? skew : 0,
      };
    },
  };
}

/** Sends one command: interruptible, with a line for --debug, and every failure as a ForgeError. */
export async function callAws<Output extends { readonly $metadata: Metadata }>(
  aws: Aws,
  call: AwsCall,
  send: (options: { abortSignal: AbortSignal }) => Promise<Output>,
): Promise<Output> {
  const { host } = aws;
  const started = host.monotonic();
  const name = `${call.service.replace('_', '-')} ${call.operation}`;
  const log = (metadata: Metadata | undefined, outcome: string) => {
    const took = Math.round(host.monotonic() - started);
    const attempts =
      metadata?.attempts !== undefined && metadata.attempts > 1 ? ` attempts=${metadata.attempts}` : '';
    aws.debug(
      `${name} ${call.region} ${outcome} ${took} ms request-id=${metadata?.requestId ?? '-'}${attempts}`,
    );
  };
  host.signal.throwIfAborted();
  try {
    const output = await send({ abortSignal: host.signal });
    log(output.$metadata, String(output.$metadata.httpStatusCode ?? '-'));
    return output;
  } catch (error) {
    if (host.signal.aborted) throw host.signal.reason;
    const metadata = (error as { $metadata?: Metadata } | undefined)?.$metadata;
    const errorName = error instanceof Error ? error.name : 'error';
    log(metadata, `${metadata?.httpStatusCode ?? 'no reply'} ${errorName}`);
    throw toForgeError(error, {
      ...call,
      operation: name,
      endpoint: aws.endpointFor(call.service, call.region),
      clockSkew: aws.clockSkew(),
    });
  }
}

interface Metadata {
  readonly httpStatusCode?: number | undefined;
  readonly requestId?: string | undefined;
  readonly attempts?: number | undefined;
}

/**
 * AWS_RETRY_MODE has no say: its `legacy` is gone from the SDK, and what `adaptive` learns is lost with the client,
 * of which every call has its own.
 */
function maxAttempts(text: string | undefined): number {
  if (!text) return 3;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new ForgeError('usage', `AWS_MAX_ATTEMPTS can't be "${text}".`, {
    code: 'INVALID_MAX_ATTEMPTS',
    hint: 'It is 1 to 99; unset it for the usual 3.',
  });
}
