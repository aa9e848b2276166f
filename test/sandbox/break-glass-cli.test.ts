import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { archiveBucket, intakeBucket } from '../../src/sandbox/break-glass/arns.ts';
import { serviceKeys } from '../../src/sandbox/break-glass/service-keys.ts';
import { groupId, personId, personKeys } from './aws/person-keys.ts';
import { type AwsStage, type Keys, startAwsStage } from './clients.ts';

const run = promisify(execFile);
/** Every `aws` that is here, by its major version. */
const clis = new Map(
  ['aws', '/usr/bin/aws', '/usr/local/bin/aws'].flatMap((path) => {
    const { stdout, stderr } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    const [, major] = /^aws-cli\/(\d+)/.exec(`${stdout ?? ''}${stderr ?? ''}`) ?? [];
    return major === undefined ? [] : [[major, path] as const];
  }),
);

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

for (const major of ['1', '2']) {
  const cli = clis.get(major);
  if (cli === undefined) console.warn(`break-glass-cli.test.ts skips AWS CLI v${major}: not installed`);
  it.skipIf(cli === undefined)(
    `AWS CLI v${major} asks, approves, and keeps records as IAM and the lock let it`,
    async () => {
      const as = async (keys: Keys, ...args: string[]) => {
        const env = {
          PATH: process.env.PATH,
          HOME: home,
          AWS_DEFAULT_REGION: 'us-east-1',
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_PAGER: '',
          AWS_ACCESS_KEY_ID: keys.accessKeyId,
          AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
          AWS_SESSION_TOKEN: keys.sessionToken ?? '',
        };
        const where = ['--endpoint-url', stage.endpoint.url, '--output', 'json'];
        const { stdout } = await run(cli ?? '', [...args, ...where], { env });
        return stdout === '' ? {} : JSON.parse(stdout);
      };
      const refusal = async (keys: Keys, ...args: string[]) =>
        await as(keys, ...args).then(
          () => 'it succeeded',
          (error: { stderr?: string }) =>
            /\((\w+)\)|Unknown options/
              .exec(error.stderr ?? '')
              ?.slice(0, 2)
              .findLast(Boolean) ?? error.stderr,
        );
      const dana = await personKeys(stage, 'dana', 'Forge-BreakGlass-Request');
      const mia = await personKeys(stage, 'mia', 'Forge-BreakGlass-Approve-tier1');
      const recorder = serviceKeys(stage.world, 'forge-breakglass-recorder');
      const body = join(home, 'body.json');
      writeFileSync(body, JSON.stringify({ text: 'ü'.repeat(50_000) }));

      const at = (bucket: string, key: string) => ['--bucket', bucket, '--key', key];
      const put = (bucket: string, key: string) => [
        's3api',
        'put-object',
        ...at(bucket, key),
        '--body',
        body,
      ];
      const request = `requests/${personId(stage, 'dana')}/a b+ü.json`;
      // Older CLIs know no conditional writes, and without the condition the bucket's policy denies.
      expect(await refusal(dana, ...put(intakeBucket, request))).toBe('AccessDenied');
      const once = [...put(intakeBucket, request), '--if-none-match', '*'];
      const first = await refusal(dana, ...once);
      if (first !== 'Unknown options') {
        expect(first).toBe('it succeeded');
        expect(await refusal(dana, ...once)).toBe('PreconditionFailed');
        const file = join(home, 'read.json');
        await as(mia, 's3api', 'get-object', ...at(intakeBucket, request), file);
        const list = ['s3api', 'list-objects-v2', '--bucket', intakeBucket, '--prefix', 'requests/'];
        expect((await as(dana, ...list)).Contents).toMatchObject([{ Key: request }]);
        const record = 'sessions/BG-1/000000.json';
        const locked = [
          ...put(archiveBucket, record),
          '--if-none-match',
          '*',
          '--checksum-algorithm',
          'SHA256',
        ];
        const { VersionId } = await as(recorder, ...locked);
        const retention = ['s3api', 'get-object-retention', ...at(archiveBucket, record)];
        expect((await as(recorder, ...retention)).Retention.Mode).toBe('COMPLIANCE');
        const remove = ['s3api', 'delete-object', ...at(archiveBucket, record), '--version-id', VersionId];
        expect(await refusal(recorder, ...remove)).toBe('AccessDenied');
      }

      const store = (operation: string) => [
        'identitystore',
        operation,
        '--identity-store-id',
        'd-9067f7c0de',
      ];
      const group = groupId(stage, 'grp-forge-jit-tier1-database-prod-wealth');
      const grant = (person: string) => [
        ...store('create-group-membership'),
        '--group-id',
        group,
        '--member-id',
        `UserId=${personId(stage, person)}`,
      ];
      expect(await refusal(mia, ...grant('mia'))).toBe('AccessDeniedException');
      const { MembershipId } = await as(mia, ...grant('dana'));
      expect(await refusal(mia, ...grant('dana'))).toBe('ConflictException');
      const listed = await as(mia, ...store('list-group-memberships'), '--group-id', group);
      expect(listed.GroupMemberships).toMatchObject([{ MembershipId }]);
      await as(dana, ...store('delete-group-membership'), '--membership-id', MembershipId);
      expect(await refusal(dana, ...store('delete-group-membership'), '--membership-id', MembershipId)).toBe(
        'ResourceNotFoundException',
      );
    },
    120_000,
  );
}
