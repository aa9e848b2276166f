import { AwsFailure } from '../aws-failure.ts';
import type { QueryOperation, QueryService } from '../query-service.ts';
import { assumeRole } from './assume-role.ts';
import { getSessionToken } from './get-session-token.ts';

/** Needs no permission: even an explicit deny does not stop it. */
const getCallerIdentity: QueryOperation = ({ caller: { principal } }) => ({
  result: { Arn: principal.arn, UserId: principal.userId, Account: principal.account },
});

/** Keys from GetSessionToken may call nothing of STS but these. */
const openToSessionTokens = ['GetCallerIdentity', 'AssumeRole'];

function guarded(name: string, operation: QueryOperation): QueryOperation {
  return (request) => {
    const { principal, sessionToken } = request.caller;
    if (principal.kind === 'user' && sessionToken !== undefined && !openToSessionTokens.includes(name)) {
      throw new AwsFailure('AccessDenied', 403, `Cannot call ${name} with session credentials`);
    }
    return operation(request);
  };
}

export const stsService: QueryService = {
  name: 'sts',
  version: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  operations: {
    GetCallerIdentity: getCallerIdentity,
    AssumeRole: assumeRole,
    GetSessionToken: guarded('GetSessionToken', getSessionToken),
  },
};
