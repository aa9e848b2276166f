import type { World } from '../world.ts';
import { AwsFailure } from './aws-failure.ts';
import { ec2Service } from './ec2/ec2-service.ts';
import { type Call, parseForm, type Received, type Reply } from './exchange.ts';
import { iamService } from './iam/iam-service.ts';
import type { QueryOperation, QueryService } from './query-service.ts';
import { rdsService } from './rds/rds-service.ts';
import { recordCall } from './record-call.ts';
import { stsService } from './sts/sts-service.ts';
import { clockToleranceMs, verifySignature } from './verify-signature.ts';
import { renderXml, type XmlElements, xmlList } from './xml.ts';

/** Regions that a credential scope may name: those that are on in every account. */
export const regions = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ca-central-1',
  'sa-east-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
] as const;

const services: readonly QueryService[] = [stsService, rdsService, ec2Service, iamService];

/** `POST /` with a form, or `GET /?Action=…`. */
export function findQueryCall(world: World, request: Received): Call | undefined {
  if (request.path !== '/' || (request.method !== 'POST' && request.method !== 'GET')) return undefined;
  const inBody = request.method === 'POST' && request.body.length > 0;
  const parameters = parseForm(inBody ? request.body.toString('utf8') : request.query);
  const version = parameters.get('Version');
  const operation = parameters.get('Action');
  if (request.method === 'GET' && operation === undefined) return undefined;
  const service = services.find((entry) => entry.version === version) ?? stsService;
  return {
    service: service.name,
    operation: operation ?? 'none',
    run: () => run(world, service, operation, parameters, request),
    failed: (code, status, message) => failed(service, code, status, message, request.requestId),
  };
}

function run(
  world: World,
  service: QueryService,
  operation: string | undefined,
  parameters: ReadonlyMap<string, string>,
  request: Received,
): Reply {
  const call = { service: service.name, operation: operation ?? 'none', request };
  const result = recordCall(world, call, (notes) => {
    const signature = verifySignature(request, {
      keys: world.keys,
      now: world.now(),
      service: service.name,
      regions,
      // STS takes a presigned URL for as long as a signed header, whatever X-Amz-Expires says.
      presignedSeconds: clockToleranceMs / 1000,
    });
    const caller = signature.keys;
    notes.caller = caller;
    notes.region = signature.region;
    const handler = findOperation(service, operation, parameters);
    const answered = handler({
      world,
      parameters,
      caller,
      region: signature.region,
      note: (event) => {
        notes.parameters = event;
      },
      noteResponse: (response) => {
        notes.response = response;
      },
      noteResources: (resources) => {
        notes.resources = resources;
      },
    });
    return answered.result;
  });
  return answer(service, operation ?? '', result, request.requestId);
}

function findOperation(
  service: QueryService,
  operation: string | undefined,
  parameters: ReadonlyMap<string, string>,
): QueryOperation {
  if (operation === undefined)
    throw new AwsFailure('MissingAction', 400, 'The request must contain the parameter Action.');
  const version = parameters.get('Version');
  const known = version === service.version && Object.hasOwn(service.operations, operation);
  const handler = known ? service.operations[operation] : undefined;
  if (!handler) {
    throw new AwsFailure(
      'InvalidAction',
      400,
      `Could not find operation ${operation} for version ${version ?? 'NO_VERSION_SPECIFIED'}`,
    );
  }
  return handler;
}

function answer(service: QueryService, operation: string, result: XmlElements, requestId: string): Reply {
  const body = renderXml(
    service.dialect === 'ec2'
      ? { requestId, ...result }
      : { [`${operation}Result`]: result, ResponseMetadata: { RequestId: requestId } },
  );
  return xmlReply(
    200,
    `<${operation}Response xmlns="${service.namespace}">${body}</${operation}Response>`,
    requestId,
  );
}

function failed(
  service: QueryService,
  code: string,
  status: number,
  message: string,
  requestId: string,
): Reply {
  if (service.dialect === 'ec2') {
    const errors = xmlList('Error', [{ Code: ec2Codes[code] ?? code, Message: message }]);
    return xmlReply(status, renderXml({ Response: { Errors: errors, RequestID: requestId } }), requestId);
  }
  const body = renderXml({
    Error: { Type: status >= 500 ? 'Receiver' : 'Sender', Code: code, Message: message },
    RequestId: requestId,
  });
  return xmlReply(status, `<ErrorResponse xmlns="${service.namespace}">${body}</ErrorResponse>`, requestId);
}

/** EC2 has its own names for keys that are unknown or over. */
const ec2Codes: Readonly<Record<string, string>> = {
  InvalidClientTokenId: 'AuthFailure',
  ExpiredToken: 'RequestExpired',
};

function xmlReply(status: number, body: string, requestId: string): Reply {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `${body}\n`,
  };
}
