import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsStage, startAwsStage } from './clients.ts';
import { createSandboxBrowser } from './sandbox-browser.ts';

const run = promisify(execFile);

/** Every `aws` that is here, by its major version. */
const clis = new Map(
  ['aws', '/usr/bin/aws', '/usr/local/bin/aws'].flatMap((path) => {
    const { stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const [, major] = /^aws-cli\/(\d+)/.exec(`${stdout ?? ''}${stderr ?? ''}`) ?? [];
    return major === undefined ? [] : [[major, path] as const];
  }),
);
for (const major of ['1', '2']) {
  if (!clis.has(major)) console.warn(`aws-cli.test.ts skips its tests of AWS CLI v${major}: not installed`);
}

let stage: AwsStage;
let home: string;
beforeEach(async () => {
  stage = await startAwsStage();
  home = mkdtempSync(join(tmpdir(), 'forge-aws-cli-'));
});
afterEach(async () => {
  await stage.endpoint.close();
  rmSync(home, { recursive: true, force: true });
});

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    AWS_ENDPOINT_URL: stage.endpoint.url,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    ...extra,
  };
}

/** The profile that a person would have, from `aws configure sso`. */
function writeProfile(): void {
  mkdirSync(join(home, '.aws'));
  const lines = [
    '[sso-session tapp]',
    `sso_start_url = ${stage.world.organisation.startUrl}`,
    'sso_region = us-east-1',
    'sso_registration_scopes = sso:account:access',
    '[profile dev]',
    'sso_session = tapp',
    'sso_account_id = 111111111111',
    'sso_role_name = Forge-Developer',
    'region = us-east-1',
    '',
  ];
  writeFileSync(join(home, '.aws', 'config'), lines.join('\n'));
}

function keysOf(name: string): Record<string, string> {
  const { accessKeyId, secretAccessKey } = stage.world.userKeys(name);
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

describe.each(['1', '2'])('AWS CLI v%s', (major) => {
  const cli = clis.get(major);
  /** v2 learnt AWS_ENDPOINT_URL in 2.13; before, only --endpoint-url. */
  const aws = (args: readonly string[], env: NodeJS.ProcessEnv) =>
    run(cli ?? 'aws', [...args, '--endpoint-url', stage.endpoint.url, '--output', 'json'], { env });

  it.skipIf(!cli)(
    'gets its caller identity, a role, and a database token that is good',
    async () => {
      const env = environment(keysOf('ci'));
      const identity = JSON.parse((await aws(['sts', 'get-caller-identity'], env)).stdout);
      expect(identity.Arn).toBe('arn:aws:iam::111111111111:user/ci');
      const RoleArn = 'arn:aws:iam::111111111111:role/developer-rds-access';
      const assumed = JSON.parse(
        (
          await aws(
            [
              'sts',
              'assume-role',
              '--role-arn',
              RoleArn,
              '--role-session-name',
              'dev-psql-1',
              '--source-identity',
              'ci',
            ],
            env,
          )
        ).stdout,
      );
      const role = environment({
        AWS_ACCESS_KEY_ID: assumed.Credentials.AccessKeyId,
        AWS_SECRET_ACCESS_KEY: assumed.Credentials.SecretAccessKey,
        AWS_SESSION_TOKEN: assumed.Credentials.SessionToken,
      });
      const { stdout } = await run(
        cli ?? 'aws',
        [
          'rds',
          'generate-db-auth-token',
          '--hostname',
          'dev-shop.cluster-c9forge0abcd.us-east-1.rds.amazonaws.com',
          '--port',
          '5432',
          '--username',
          'developer',
          '--region',
          'us-east-1',
        ],
        { env: role },
      );
      const [cluster] = stage.world.organisation.clusters;
      const request = {
        token: stdout.trim(),
        host: cluster?.endpoint ?? '',
        port: 5432,
        user: 'developer',
        resourceId: cluster?.resourceId ?? '',
        region: 'us-east-1',
        account: '111111111111',
      };
      expect(stage.world.verifyRdsToken(request)).toMatchObject({ ok: true });
    },
    60_000,
  );

  it.skipIf(!cli)(
    'describes clusters and shows refusals in AWS’s words',
    async () => {
      const env = environment(keysOf('ci'));
      const described = JSON.parse(
        (await aws(['rds', 'describe-db-clusters', '--db-cluster-identifier', 'dev-shop'], env)).stdout,
      );
      expect(described.DBClusters[0].DatabaseName).toBe('shop_dev');
      await expect(
        aws(['rds', 'describe-db-clusters', '--db-cluster-identifier', 'none'], env),
      ).rejects.toMatchObject({
        stderr: expect.stringContaining(
          'An error occurred (DBClusterNotFoundFault) when calling the DescribeDBClusters operation: DBCluster none not found.',
        ),
      });
      await expect(
        aws(
          [
            'sts',
            'assume-role',
            '--role-arn',
            'arn:aws:iam::111111111111:role/x-rds-access',
            '--role-session-name',
            'xx',
          ],
          env,
        ),
      ).rejects.toMatchObject({ stderr: expect.stringContaining('(AccessDenied)') });
      const wrong = environment({ ...keysOf('ci'), AWS_SECRET_ACCESS_KEY: 'wrong' });
      await expect(aws(['sts', 'get-caller-identity'], wrong)).rejects.toMatchObject({
        stderr: expect.stringContaining('(SignatureDoesNotMatch)'),
      });
    },
    60_000,
  );
});

describe('AWS CLI v1', () => {
  const cli = clis.get('1');

  it.skipIf(!cli)(
    'refreshes a cached sign-in that has expired and gets role credentials with it',
    async () => {
      writeProfile();
      const { accessToken, refreshToken, client } = await stage.signIn('dana');
      const iso = (offsetMs: number) => `${new Date(Date.now() + offsetMs).toISOString().slice(0, 19)}Z`;
      const cache = join(home, '.aws', 'sso', 'cache');
      mkdirSync(cache, { recursive: true });
      const token = {
        startUrl: stage.world.organisation.startUrl,
        region: 'us-east-1',
        accessToken,
        expiresAt: iso(-60_000),
        ...client,
        registrationExpiresAt: iso(86_400_000),
        refreshToken,
      };
      writeFileSync(
        join(cache, `${createHash('sha1').update('tapp').digest('hex')}.json`),
        JSON.stringify(token),
      );
      const { stdout } = await run(
        cli ?? 'aws',
        ['sts', 'get-caller-identity', '--profile', 'dev', '--output', 'json'],
        { env: environment() },
      );
      expect(JSON.parse(stdout).Arn).toMatch(
        /AWSReservedSSO_Forge-Developer_[0-9a-f]{16}\/dana@tapp\.example$/,
      );
      expect(stage.world.events.counts()).toMatchObject({
        'sso-oidc:CreateToken': 2,
        'sso:GetRoleCredentials': 1,
      });
    },
    60_000,
  );
});

describe('AWS CLI v2', () => {
  const cli = clis.get('2');
  const endpointByEnvironment = cli !== undefined && supportsEndpointUrl(cli);
  if (cli !== undefined && !endpointByEnvironment) {
    console.warn(
      'aws-cli.test.ts skips `aws sso login`: this AWS CLI is older than 2.13 and does not know AWS_ENDPOINT_URL',
    );
  }

  it.skipIf(!endpointByEnvironment)(
    'signs in with `aws sso login` and uses the role',
    async () => {
      writeProfile();
      const login = spawn(cli ?? 'aws', ['sso', 'login', '--profile', 'dev', '--no-browser'], {
        env: environment(),
      });
      await createSandboxBrowser(stage.endpoint.url).approve(await urlIn(login), 'dana');
      expect(await new Promise((resolve) => login.on('close', resolve))).toBe(0);
      const { stdout } = await run(
        cli ?? 'aws',
        ['sts', 'get-caller-identity', '--profile', 'dev', '--output', 'json'],
        { env: environment() },
      );
      expect(JSON.parse(stdout).Arn).toMatch(
        /AWSReservedSSO_Forge-Developer_[0-9a-f]{16}\/dana@tapp\.example$/,
      );
    },
    60_000,
  );
});

function supportsEndpointUrl(path: string): boolean {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const [, minor = '0'] = /^aws-cli\/2\.(\d+)/.exec(stdout) ?? [];
  return Number(minor) >= 13;
}

/** The page that the CLI asks the person to open. */
function urlIn(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (chunk: Buffer) => {
      text += chunk.toString();
      const [found] = /http:\/\/127\.0\.0\.1:\d+\/(device\?user_code|authorize\?)\S+/.exec(text) ?? [];
      if (found) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.on('close', () => reject(new Error(text)));
  });
}
