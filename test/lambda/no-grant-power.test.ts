import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluatePolicies } from '../../src/iam/evaluate.ts';
import { requestContext } from '../../src/iam/request-context.ts';
import { decodeZip } from '../../src/lib/zip.ts';
import { seedOrganisation } from '../../src/sandbox/seed.ts';
import { builtForge } from '../support/built-forge.ts';

/** Automation only ever takes away: neither what it is nor what it may could give anybody anything. */
let bundle = '';
beforeAll(async () => {
  const archive = join(dirname(await builtForge()), '..', 'dist', 'lambda', 'forge-breakglass.zip');
  bundle =
    decodeZip(await readFile(archive))
      .get('index.cjs')
      ?.toString() ?? '';
});

describe('the bundle of the handlers', () => {
  it('holds everything that it needs, the SDK too', () => {
    const required = [...bundle.matchAll(/\brequire\(\s*[`'"]([^`'"]+)[`'"]\s*\)/g)].map(
      ([, name = '']) => name,
    );
    const foreign = required.filter((name) => !name.startsWith('node:'));
    // S3's client would like these for access points in many regions, which are switched off.
    const optional = ['@aws-sdk/signature-v4-crt', '@aws-sdk/signature-v4a'];
    expect(foreign.filter((name) => !builtinModules.includes(name) && !optional.includes(name))).toEqual([]);
    expect(bundle.length).toBeLessThan(1_500_000);
  });

  it('can name the call that takes a membership away, and none that gives anything', () => {
    // The SDK writes an operation as its name in quotes, before its schema.
    const sends = (operation: string) => new RegExp(`[\`'"]${operation}[\`'"],`).test(bundle);
    expect(sends('DeleteGroupMembership')).toBe(true);
    const giving = [
      'CreateGroupMembership',
      'CreateAccountAssignment',
      'PutRolePolicy',
      'AttachRolePolicy',
      'CreateUser',
    ];
    expect(giving.filter(sends)).toEqual([]);
    // What is left of the name is the reading of events.
    const named = [...bundle.matchAll(/(.{4})[`'"]CreateGroupMembership[`'"]/g)].map(
      ([, before = '']) => before,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((before) => !before.includes('=='))).toEqual([]);
    expect(bundle).not.toContain('CreateAccountAssignment');
  });
});

describe('the roles of the handlers', () => {
  const roles = seedOrganisation().roles.filter(
    ({ name, path }) => name.startsWith('forge-breakglass-') || path === '/forge/',
  );
  const handlers = ['recorder', 'revoker', 'sweeper', 'exporter'];
  const giving = [
    'identitystore:CreateGroupMembership',
    'identitystore:CreateUser',
    'sso:CreateAccountAssignment',
    'sso:PutInlinePolicyToPermissionSet',
    'iam:PutRolePolicy',
    'iam:AttachRolePolicy',
    'iam:UpdateAssumeRolePolicy',
    'iam:CreateAccessKey',
    's3:DeleteObject',
    's3:PutBucketPolicy',
    's3:BypassGovernanceRetention',
    'lambda:UpdateFunctionCode',
    'states:StopExecution',
    'states:UpdateStateMachine',
  ];

  it.each(handlers)('%s may not give anything to anybody', (handler) => {
    const role = roles.find(({ name }) => name === `forge-breakglass-${handler}`);
    expect(role).toBeDefined();
    const may = giving.filter((action) =>
      ['*', 'arn:aws:identitystore:::group/x', 'arn:aws:iam::333333333333:role/x', 'arn:aws:s3:::x/y'].some(
        (resource) =>
          evaluatePolicies(role?.policies ?? [], { action, resource, context: requestContext({}, {}) }) ===
          'allow',
      ),
    );
    expect(may).toEqual([]);
  });

  it('only the recorder writes records, and only where nothing is', () => {
    const writes = (handler: string, ifNoneMatch: string | undefined) =>
      evaluatePolicies(roles.find(({ name }) => name === `forge-breakglass-${handler}`)?.policies ?? [], {
        action: 's3:PutObject',
        resource: 'arn:aws:s3:::forge-breakglass-archive-999999999999/sessions/x/000000.json',
        context: requestContext({}, { 's3:if-none-match': ifNoneMatch }),
      }) === 'allow';
    expect(handlers.filter((handler) => writes(handler, '*'))).toEqual(['recorder']);
    expect(writes('recorder', undefined)).toBe(false);
  });
});
