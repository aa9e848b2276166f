import { MalformedPolicy, parsePolicy } from '../../../iam/parse-policy.ts';
import type { PolicyDocument } from '../../../iam/policy.ts';
import { isoSeconds } from '../../../lib/iso-seconds.ts';
import type { CustomerPolicy, PolicyVersion } from '../../organisation.ts';
import { AwsFailure } from '../aws-failure.ts';
import { ConstraintCheck } from '../constraints.ts';
import type { QueryOperation, QueryRequest } from '../query-service.ts';
import { type XmlElements, xmlList } from '../xml.ts';

/**
 * A managed policy and its versions: what the boundary of break-glass is written by. Source: IAM API Reference,
 * GetPolicy, ListPolicyVersions, GetPolicyVersion, CreatePolicyVersion, DeletePolicyVersion; quotas of the User Guide.
 */
const mostVersions = 5;
/** Of a managed policy, blanks not counted. */
const longestPolicy = 6144;

export const getPolicy: QueryOperation = (request) => {
  const policy = findPolicy(request, 'GetPolicy');
  const [, path = '', name = ''] = /:policy(\/(?:.*\/)?)([^/]+)$/.exec(policy.arn) ?? [];
  const { roles } = request.world.organisation;
  return {
    result: {
      Policy: {
        PolicyName: name,
        PolicyId: policy.id,
        Arn: policy.arn,
        Path: path,
        DefaultVersionId: versionId(policy.defaultVersion),
        AttachmentCount: 0,
        PermissionsBoundaryUsageCount: roles.filter(({ boundary }) => boundary === policy.arn).length,
        IsAttachable: true,
        CreateDate: isoSeconds(policy.createdAt),
        UpdateDate: isoSeconds(policy.updatedAt),
      },
    },
  };
};

export const listPolicyVersions: QueryOperation = (request) => {
  const policy = findPolicy(request, 'ListPolicyVersions');
  const versions = [...policy.versions].reverse().map((version) => summary(policy, version));
  return { result: { Versions: xmlList('member', versions), IsTruncated: false } };
};

export const getPolicyVersion: QueryOperation = (request) => {
  const policy = findPolicy(request, 'GetPolicyVersion');
  const version = findVersion(request, policy);
  // RFC 3986, as IAM writes documents.
  const Document = encodeURIComponent(version.text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return { result: { PolicyVersion: { Document, ...summary(policy, version) } } };
};

export const createPolicyVersion: QueryOperation = (request) => {
  const { world, parameters } = request;
  const text = parameters.get('PolicyDocument');
  const check = new ConstraintCheck();
  check.text('policyDocument', text, { min: 1, max: 131_072, required: true });
  check.done();
  const policy = findPolicy(request, 'CreatePolicyVersion');
  const document = parse(text ?? '');
  if ((text ?? '').replace(/\s/g, '').length > longestPolicy) {
    throw new AwsFailure('LimitExceeded', 409, `Cannot exceed quota for PolicySize: ${longestPolicy}`);
  }
  if (policy.versions.length >= mostVersions) {
    throw new AwsFailure(
      'LimitExceeded',
      409,
      `A managed policy can have up to ${mostVersions} versions. Before you create a new version, you must delete an existing version.`,
    );
  }
  const version = { number: policy.nextVersion, text: text ?? '', document, createdAt: world.now() };
  policy.versions.push(version);
  policy.nextVersion++;
  if (parameters.get('SetAsDefault') === 'true') policy.defaultVersion = version.number;
  policy.updatedAt = world.now();
  request.noteResponse({
    policyVersion: {
      versionId: versionId(version.number),
      isDefaultVersion: policy.defaultVersion === version.number,
    },
  });
  return { result: { PolicyVersion: summary(policy, version) } };
};

export const deletePolicyVersion: QueryOperation = (request) => {
  const policy = findPolicy(request, 'DeletePolicyVersion');
  const version = findVersion(request, policy);
  if (version.number === policy.defaultVersion) {
    throw new AwsFailure('DeleteConflict', 409, 'Cannot delete the default version of a policy.');
  }
  policy.versions.splice(policy.versions.indexOf(version), 1);
  return { result: {} };
};

const versionId = (number: number): string => `v${number}`;

function summary(policy: CustomerPolicy, { number, createdAt }: PolicyVersion): XmlElements {
  return {
    VersionId: versionId(number),
    IsDefaultVersion: policy.defaultVersion === number,
    CreateDate: isoSeconds(createdAt),
  };
}

/** The caller's own account's policy, once IAM has said yes. */
function findPolicy(request: QueryRequest, action: string): CustomerPolicy {
  const { world, parameters, caller, region } = request;
  const arn = parameters.get('PolicyArn');
  request.note({
    policyArn: arn,
    versionId: parameters.get('VersionId'),
    policyDocument: parameters.get('PolicyDocument'),
    setAsDefault: parameters.has('SetAsDefault') ? parameters.get('SetAsDefault') === 'true' : undefined,
  });
  const check = new ConstraintCheck();
  check.text('policyArn', arn, { min: 20, max: 2048, required: true });
  check.done();
  const { principal } = caller;
  const decision = world.authorize(caller, `iam:${action}`, arn ?? '', { 'aws:RequestedRegion': region });
  if (!decision.allowed) {
    throw new AwsFailure(
      'AccessDenied',
      403,
      `User: ${principal.arn} is not authorized to perform: iam:${action} on resource: policy ${arn} ${decision.because}`,
    );
  }
  const found = world.organisation.customerPolicies.get(arn ?? '');
  if (found === undefined || arn?.split(':')[4] !== principal.account) {
    throw new AwsFailure('NoSuchEntity', 404, `Policy ${arn} was not found.`);
  }
  return found;
}

function findVersion({ parameters }: QueryRequest, policy: CustomerPolicy): PolicyVersion {
  const wanted = parameters.get('VersionId');
  const check = new ConstraintCheck();
  check.text('versionId', wanted, { pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?', required: true });
  check.done();
  const found = policy.versions.find(({ number }) => versionId(number) === wanted);
  if (found !== undefined) return found;
  throw new AwsFailure(
    'NoSuchEntity',
    404,
    `Policy ${policy.arn} version ${wanted} does not exist or is not attachable.`,
  );
}

function parse(text: string): PolicyDocument {
  try {
    return parsePolicy(text, 'identity');
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw new AwsFailure('MalformedPolicyDocument', 400, error.message);
  }
}
