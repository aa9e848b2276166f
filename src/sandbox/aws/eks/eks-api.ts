import type { EventParameters } from '../../event-log.ts';
import type { World } from '../../world.ts';
import { AwsFailure } from '../aws-failure.ts';
import { type Call, parseForm, type Received, type Reply } from '../exchange.ts';
import { jsonReply } from '../json-body.ts';
import { regions } from '../query-api.ts';
import { recordCall } from '../record-call.ts';
import { verifySignature } from '../verify-signature.ts';
import {
  deleteAccessEntry,
  describeAccessEntry,
  listAccessEntries,
  listAssociatedAccessPolicies,
} from './access-entries.ts';
import { describeCluster, listClusters } from './clusters.ts';
import type { EksOperation } from './eks-request.ts';

/** EKS speaks REST with JSON: the operation is the method and the path. Source: EKS API Reference. */
const routes: readonly (readonly [method: string, path: RegExp, name: string, operation: EksOperation])[] = [
  ['GET', /^\/clusters$/, 'ListClusters', listClusters],
  ['GET', /^\/clusters\/([^/]+)$/, 'DescribeCluster', describeCluster],
  ['GET', /^\/clusters\/([^/]+)\/access-entries$/, 'ListAccessEntries', listAccessEntries],
  ['GET', /^\/clusters\/([^/]+)\/access-entries\/([^/]+)$/, 'DescribeAccessEntry', describeAccessEntry],
  ['DELETE', /^\/clusters\/([^/]+)\/access-entries\/([^/]+)$/, 'DeleteAccessEntry', deleteAccessEntry],
  [
    'GET',
    /^\/clusters\/([^/]+)\/access-entries\/([^/]+)\/access-policies$/,
    'ListAssociatedAccessPolicies',
    listAssociatedAccessPolicies,
  ],
];

export function findEksCall(world: World, request: Received): Call | undefined {
  for (const [method, path, name, operation] of routes) {
    const segments = request.method === method ? path.exec(request.path)?.slice(1) : undefined;
    if (segments === undefined) continue;
    return {
      service: 'eks',
      operation: name,
      run: () => run(world, request, name, operation, segments),
      failed: (code, status, message) => failed(code, status, message, request.requestId),
    };
  }
  return undefined;
}

function run(
  world: World,
  request: Received,
  name: string,
  operation: EksOperation,
  segments: readonly string[],
): Reply {
  return recordCall(world, { service: 'eks', operation: name, request }, (notes) => {
    const { keys: caller, region } = verify(world, request);
    notes.caller = caller;
    notes.region = region;
    const note = (parameters: EventParameters) => {
      notes.parameters = parameters;
    };
    const query = parseForm(request.query);
    const result = operation({ world, caller, region, query, note }, ...segments.map(decodeSegment));
    return jsonReply(200, result, { 'x-amzn-requestid': request.requestId });
  });
}

/** REST services call the same mistakes by other names than the query services. */
const signatureCodes: Readonly<Record<string, string>> = {
  InvalidClientTokenId: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  IncompleteSignature: 'IncompleteSignatureException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
};

function verify(world: World, request: Received) {
  try {
    return verifySignature(request, { keys: world.keys, now: world.now(), service: 'eks', regions });
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    throw new AwsFailure(signatureCodes[error.code] ?? error.code, 403, error.message);
  }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AwsFailure(
      'InvalidParameterException',
      400,
      'The path has a percent-encoding that is not valid.',
    );
  }
}

function failed(code: string, status: number, message: string, requestId: string): Reply {
  return jsonReply(status, { message }, { 'x-amzn-errortype': code, 'x-amzn-requestid': requestId });
}
