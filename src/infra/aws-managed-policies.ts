import type { PolicyDocument } from '../iam/policy.ts';

const allow = (statement: object): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', ...statement },
});

/**
 * What of AWS's own policies matters to break-glass: the whole power of each, no less. One that is not here is unknown, and
 * what depends on it is not judged.
 */
export const awsManagedPolicies: ReadonlyMap<string, PolicyDocument> = new Map([
  ['arn:aws:iam::aws:policy/AdministratorAccess', allow({ Action: '*', Resource: '*' })],
  [
    'arn:aws:iam::aws:policy/PowerUserAccess',
    allow({ NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' }),
  ],
  [
    'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    allow({ Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' }),
  ],
]);
