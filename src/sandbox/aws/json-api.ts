import type { EventParameters } from '../event-log.ts';
import { cloudTrailService } from '../machine/cloudtrail-service.ts';
import { statesService } from '../machine/states-service.ts';
import { ssmService } from '../ssm/ssm-service.ts';
import type { World } from '../world.ts';
import { AwsFailure } from './aws-failure.ts';
import type { Call, Received, Reply } from './exchange.ts';
import { identityStoreService } from './identitystore/identity-store-service.ts';
import { parseJsonObject } from './json-body.ts';
import type { JsonService } from './json-service.ts';
import { kmsService } from './kms/kms-service.ts';
import { regions } from './query-api.ts';
import { recordCall } from './record-call.ts';
import { verifySignature } from './verify-signature.ts';

const services: readonly JsonService[] = [
  ssmService,
  kmsService,
  identityStoreService,
  statesService,
  cloudTrailService,
];

/** `POST /` with X-Amz-Target. */
export function findJsonCall(world: World, request: Received, baseUrl: string): Call | undefined {
  const target = request.header('x-amz-target');
  if (request.method !== 'POST' || request.path !== '/' || target === undefined) return undefined;
  const at = target.lastIndexOf('.');
  // botocore writes CloudTrail's with the package that it is from.
  const [prefix, operation] = [target.slice(0, at).split('.').at(-1), target.slice(at + 1)];
  const service = services.find((entry) => entry.target === prefix);
  if (service === undefined) return undefined;
  return {
    service: service.name,
    operation,
    run: () => run(world, service, operation, request, baseUrl),
    failed: (code, status, message, details) =>
      jsonReply(status, { __type: code, message, ...details }, request.requestId, service.version),
  };
}

function run(
  world: World,
  service: JsonService,
  operation: string,
  request: Received,
  baseUrl: string,
): Reply {
  const result = recordCall(world, { service: service.name, operation, request }, (notes) => {
    const signature = verify(world, service, request);
    const caller = signature.keys;
    notes.caller = caller;
    notes.region = signature.region;
    const handler = Object.hasOwn(service.operations, operation) ? service.operations[operation] : undefined;
    if (handler === undefined) throw new AwsFailure('UnknownOperationException', 400, '');
    if (!request.header('content-type')?.startsWith(`application/x-amz-json-${service.version ?? '1.1'}`)) {
      throw new AwsFailure('UnknownOperationException', 404, '');
    }
    const fields = parseJsonObject(request.body);
    if (fields === undefined)
      throw new AwsFailure('SerializationException', 400, 'Start of structure expected');
    const note = (parameters: EventParameters) => {
      notes.parameters = parameters;
    };
    const noteResponse = (response: EventParameters) => {
      notes.response = response;
    };
    return handler({ world, fields, caller, region: signature.region, baseUrl, note, noteResponse });
  });
  return jsonReply(200, result, request.requestId, service.version);
}

/** The JSON services call the same mistakes by other names than the query services. */
const signatureCodes: Readonly<Record<string, string>> = {
  InvalidClientTokenId: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  IncompleteSignature: 'IncompleteSignatureException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
};

function verify(world: World, service: JsonService, request: Received) {
  try {
    return verifySignature(request, { keys: world.keys, now: world.now(), service: service.name, regions });
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    throw new AwsFailure(signatureCodes[error.code] ?? error.code, 400, error.message);
  }
}

function jsonReply(status: number, value: object, requestId: string, version = '1.1'): Reply {
  return {
    status,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': requestId },
    body: JSON.stringify(value),
  };
}
