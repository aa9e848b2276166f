import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PolicyDocument, PolicyStatement } from '../../../src/iam/policy.ts';
import { roleArn } from '../../../src/sandbox/organisation.ts';
import { seedOrganisation } from '../../../src/sandbox/seed.ts';
import { identityCenterRole } from '../../../src/sandbox/seed-roles.ts';
import { bothJudges, sessionKeys } from './both-judges.ts';

/** Policies by chance, of the parts that the protocol's are made of: two judges must say the same of each. */
const organisation = seedOrganisation();
const [dana, quinn] = organisation.people;
if (dana === undefined || quinn === undefined) throw new Error('nobody is in the seed');
const variable = `\${identitystore:UserId}`;
const bucket = 'arn:aws:s3:::forge-bucket';

const action = fc.constantFrom('s3:*', 's3:Put*', 's3:PutObject', 's3:GetObject', 's3:?etObject', '*');
const resource = fc.constantFrom(
  '*',
  `${bucket}/*`,
  `${bucket}/${variable}/*`,
  `${bucket}/*/${variable}.json`,
  `${bucket}/${dana.id}/x`,
  `${bucket}/?*/x`,
);
const condition = fc.constantFrom<NonNullable<PolicyStatement['Condition']>>(
  { Null: { 'identitystore:UserId': 'false', 's3:if-none-match': 'false' } },
  { Null: { 's3:if-none-match': 'true' } },
  { StringEquals: { 'identitystore:UserId': [dana.id, 'x'] } },
  { StringNotEquals: { 'identitystore:UserId': dana.id } },
  { StringLike: { 'aws:userid': '*:dana@*' } },
  { DateLessThanEquals: { 'aws:TokenIssueTime': '2026-11-20T12:00:00Z' } },
  { DateGreaterThan: { 'aws:CurrentTime': '2026-11-20T12:30:00Z' } },
  { IpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '10.0.0.0/8'] } },
  { NotIpAddress: { 'aws:SourceIp': '127.0.0.1/32' } },
  { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/aws-reserved/*/AWSReservedSSO_Forge-*' } },
  { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::999999999999:role/forge-breakglass-recorder' } },
  { StringEqualsIfExists: { 's3:if-none-match': '*' } },
  { Bool: { 'aws:SecureTransport': 'true' } },
  { StringLike: { 'aws:RequestedRegion': 'us-?ast-1' }, Bool: { 'aws:PrincipalIsAWSService': 'false' } },
);
const oneInFour = fc.constantFrom(true, false, false, false);
const statement = fc
  .record({
    Effect: fc.constantFrom(...Array<'Allow'>(5).fill('Allow'), 'Deny' as const),
    action: fc.array(action, { minLength: 1, maxLength: 2 }),
    notAction: oneInFour,
    resource: fc.array(resource, { minLength: 1, maxLength: 2 }),
    notResource: oneInFour,
    Condition: fc.option(condition, { nil: undefined }),
  })
  .map(
    (parts): PolicyStatement => ({
      Effect: parts.Effect,
      ...(parts.notAction ? { NotAction: parts.action } : { Action: parts.action }),
      // What NotResource with a variable without a value means is not published, and the judges differ: not asked.
      ...(parts.notResource && !parts.resource.some((text) => text.includes(variable))
        ? { NotResource: parts.resource }
        : { Resource: parts.resource }),
      ...(parts.Condition === undefined ? {} : { Condition: parts.Condition }),
    }),
  );
const document = fc
  .array(statement, { minLength: 1, maxLength: 3 })
  .map((Statement): PolicyDocument => ({ Version: '2012-10-17', Statement }));
const caller = identityCenterRole('999999999999', { name: 'Forge-Some', policies: [] });
/** Everybody, the account, the role, or one session of it: each is limited by something else. */
const principal = fc.constantFrom<NonNullable<PolicyStatement['Principal']>>(
  '*',
  { AWS: `arn:aws:iam::${caller.account}:root` },
  { AWS: roleArn(caller) },
  { AWS: `arn:aws:sts::${caller.account}:assumed-role/${caller.name}/${dana.userName}` },
  { AWS: 'arn:aws:iam::111111111111:root' },
);
const bucketPolicy = fc.tuple(document, principal).map(
  ([{ Version = '', Statement }, Principal]): PolicyDocument => ({
    Version,
    Statement: [Statement].flat().map((entry) => ({ ...entry, Principal })),
  }),
);

it('are judged alike', { timeout: 60_000 }, async () => {
  const seen = { allowed: 0, denied: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 1, maxLength: 2 }),
      fc.option(bucketPolicy, { nil: undefined }),
      fc.option(document, { nil: undefined }),
      fc.constantFrom(dana, quinn, undefined),
      fc.constantFrom('s3:PutObject', 's3:GetObject'),
      fc.constantFrom(`${dana.id}/x`, `y/${dana.id}.json`, `${quinn.id}/x`, 'x'),
      fc.boolean(),
      fc.constantFrom(Date.UTC(2026, 10, 20, 12, 10), Date.UTC(2026, 10, 20, 12, 50)),
      fc.constantFrom('999999999999', '999999999999', '999999999999', '111111111111'),
      async (policies, policy, boundary, person, name, key, once, now, owner) => {
        const set = { name: 'Forge-Some', policies };
        const keys = sessionKeys(
          identityCenterRole('999999999999', set),
          person?.userName ?? 'machine',
          person === undefined ? {} : { person },
        );
        const verdict = await bothJudges({
          now,
          keys,
          action: name,
          resource: `${bucket}/${key}`,
          owner,
          policy,
          boundary,
          context: {
            'aws:RequestedRegion': 'us-east-1',
            ...(name === 's3:PutObject' && once ? { 's3:if-none-match': '*' } : {}),
          },
        });
        seen[verdict]++;
      },
    ),
    { numRuns: 1500 },
  );
  // By chance alone both verdicts must have been tried.
  expect(seen.allowed).toBeGreaterThan(100);
  expect(seen.denied).toBeGreaterThan(100);
});
