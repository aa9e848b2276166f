import { isoSeconds } from '../../../lib/iso-seconds.ts';
import { type IamUser, userArn } from '../../organisation.ts';
import type { IssuedKeys } from '../../principal.ts';
import { AwsFailure } from '../aws-failure.ts';
import { ConstraintCheck } from '../constraints.ts';
import type { QueryOperation, QueryRequest } from '../query-service.ts';
import { xmlList } from '../xml.ts';

/**
 * An IAM user's access keys. Source: IAM API Reference, CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey,
 * GetAccessKeyLastUsed; quotas of the User Guide.
 */
const mostKeys = 2;
/** AWS says "up to a few seconds"; clients must try again. */
const settlingMs = 1_000;

export const createAccessKey: QueryOperation = (request) => {
  const { world } = request;
  request.note({ userName: request.parameters.get('UserName') });
  const user = authorizedUser(request, 'CreateAccessKey');
  if (keysOf(request, user).length >= mostKeys) {
    throw new AwsFailure('LimitExceeded', 409, `Cannot exceed quota for AccessKeysPerUser: ${mostKeys}`);
  }
  const issued = world.keys.issueLongTerm(
    { kind: 'user', account: user.account, arn: userArn(user), userId: user.id, mfaAt: undefined, user },
    settlingMs,
  );
  const { accessKeyId } = issued;
  const createDate = isoSeconds(issued.issuedAt);
  request.noteResponse({ accessKey: { userName: user.name, accessKeyId, status: 'Active', createDate } });
  return {
    result: {
      AccessKey: {
        UserName: user.name,
        AccessKeyId: accessKeyId,
        Status: 'Active',
        SecretAccessKey: issued.secretAccessKey,
        CreateDate: createDate,
      },
    },
  };
};

export const listAccessKeys: QueryOperation = (request) => {
  request.note({ userName: request.parameters.get('UserName') });
  const user = authorizedUser(request, 'ListAccessKeys');
  const members = keysOf(request, user).map(({ accessKeyId, issuedAt }) => ({
    UserName: user.name,
    AccessKeyId: accessKeyId,
    Status: request.world.keys.isActive(accessKeyId) ? 'Active' : 'Inactive',
    CreateDate: isoSeconds(issuedAt),
  }));
  return { result: { AccessKeyMetadata: xmlList('member', members), IsTruncated: false } };
};

export const updateAccessKey: QueryOperation = (request) => {
  const { world, parameters } = request;
  const [userName, status] = [parameters.get('UserName'), parameters.get('Status')];
  request.note({ userName, accessKeyId: parameters.get('AccessKeyId'), status });
  const check = new ConstraintCheck();
  // IAM has a third, Expired, that nobody can set.
  check.text('status', status, { pattern: 'Active|Inactive', required: true });
  check.done();
  const found = authorizedKey(request, 'UpdateAccessKey');
  world.keys.setActive(found.accessKeyId, status === 'Active');
  return { result: {} };
};

export const deleteAccessKey: QueryOperation = (request) => {
  const { parameters } = request;
  request.note({ userName: parameters.get('UserName'), accessKeyId: parameters.get('AccessKeyId') });
  request.world.keys.delete(authorizedKey(request, 'DeleteAccessKey').accessKeyId);
  return { result: {} };
};

export const getAccessKeyLastUsed: QueryOperation = (request) => {
  const { world, parameters, caller } = request;
  const id = checkedKeyId(request);
  const found = world.keys.find(id);
  const { principal } = found ?? {};
  if (principal?.kind !== 'user' || found?.sessionToken !== undefined)
    throw new AwsFailure('AccessDenied', 403, `User: ${caller.principal.arn} is not authorized.`);
  authorize(request, 'GetAccessKeyLastUsed', userArn(principal.user));
  const use = world.keys.lastUse(parameters.get('AccessKeyId') ?? '');
  return {
    result: {
      UserName: principal.user.name,
      AccessKeyLastUsed: {
        ...(use === undefined ? {} : { LastUsedDate: isoSeconds(use.at) }),
        ServiceName: use?.service ?? 'N/A',
        Region: use?.region ?? 'N/A',
      },
    },
  };
};

/** Without a name it is the caller itself, as its key says. */
function authorizedUser(request: QueryRequest, action: string): IamUser {
  const { world, parameters, caller } = request;
  const { principal } = caller;
  const name = parameters.get('UserName') ?? (principal.kind === 'user' ? principal.user.name : undefined);
  const check = new ConstraintCheck();
  check.text('userName', name, { min: 1, max: 128, pattern: '[\\w+=,.@-]+', required: true });
  check.done();
  const user = world.organisation.users.find(
    (entry) => entry.name === name && entry.account === principal.account,
  );
  authorize(
    request,
    action,
    user === undefined ? `arn:aws:iam::${principal.account}:user/${name}` : userArn(user),
  );
  if (user !== undefined) return user;
  throw new AwsFailure('NoSuchEntity', 404, `The user with name ${name} cannot be found.`);
}

function authorizedKey(request: QueryRequest, action: string): IssuedKeys {
  const id = checkedKeyId(request);
  const user = authorizedUser(request, action);
  const found = keysOf(request, user).find(({ accessKeyId }) => accessKeyId === id);
  if (found !== undefined) return found;
  throw new AwsFailure('NoSuchEntity', 404, `The Access Key with id ${id} cannot be found.`);
}

function checkedKeyId({ parameters }: QueryRequest): string {
  const id = parameters.get('AccessKeyId');
  const check = new ConstraintCheck();
  check.text('accessKeyId', id, { min: 16, max: 128, pattern: '[\\w]+', required: true });
  check.done();
  return id ?? '';
}

function authorize({ world, caller, region }: QueryRequest, action: string, resource: string): void {
  const decision = world.authorize(caller, `iam:${action}`, resource, { 'aws:RequestedRegion': region });
  if (decision.allowed) return;
  throw new AwsFailure(
    'AccessDenied',
    403,
    `User: ${caller.principal.arn} is not authorized to perform: iam:${action} on resource: ${resource} ${decision.because}`,
  );
}

/** Long-term ones, the oldest first; those of GetSessionToken are the user's too, but no access keys of IAM. */
const keysOf = ({ world }: QueryRequest, user: IamUser): readonly IssuedKeys[] =>
  world.keys
    .all()
    .filter(
      ({ principal, sessionToken }) =>
        sessionToken === undefined && principal.kind === 'user' && principal.user.id === user.id,
    );
