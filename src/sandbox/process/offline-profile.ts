import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { userArn } from '../organisation.ts';
import { offlineReadOnly } from '../seed-roles.ts';
import type { World } from '../world.ts';
import type { SandboxOfflineUser } from './sandbox-state.ts';

/** Who holds the offline user's keys: a platform administrator. */
export const keeper = 'alex';

/** The IAM user for when Identity Center is down. Its keys and the seed of its MFA device are secrets of this sandbox. */
export function offlineUser(world: World): SandboxOfflineUser {
  const { accessKeyId, secretAccessKey } = world.userKeys('offline');
  const user = world.organisation.users.find(({ name }) => name === 'offline');
  const role = world.organisation.roles.find(({ name }) => name === offlineReadOnly);
  if (user?.mfa === undefined || role === undefined) throw new Error('the sandbox has no offline user');
  return {
    arn: userArn(user),
    accessKeyId,
    secretAccessKey,
    mfaSerial: user.mfa.serialNumber,
    mfaSecret: user.mfa.secret,
    keeper,
    profile: 'offline',
    roleArn: `arn:aws:iam::${role.account}:role/${role.name}`,
  };
}

/** The profile as a person would have it: keys in one file, the role and the MFA device in the other. */
export async function writeOfflineProfile(home: string, user: SandboxOfflineUser): Promise<void> {
  const folder = join(home, '.aws');
  const keys = `${user.profile}-keys`;
  await mkdir(folder, { mode: 0o700 });
  await writeFile(
    join(folder, 'credentials'),
    `[${keys}]
aws_access_key_id = ${user.accessKeyId}
aws_secret_access_key = ${user.secretAccessKey}
`,
    { mode: 0o600 },
  );
  await writeFile(
    join(folder, 'config'),
    `# The IAM user for when Identity Center is down. forge sandbox mfa shows the code of its MFA device.
[profile ${user.profile}]
role_arn = ${user.roleArn}
source_profile = ${keys}
mfa_serial = ${user.mfaSerial}
region = us-east-1
`,
    { mode: 0o600 },
  );
}
