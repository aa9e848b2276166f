import { GetRoleCredentialsCommand } from '@aws-sdk/client-sso';
import type { AwsStage, Keys } from '../clients.ts';

/** Role credentials as anybody gets them: sign-in on the page, then the portal. */
export async function personKeys(
  stage: AwsStage,
  person: string,
  roleName: string,
  accountId = '999999999999',
): Promise<Keys> {
  const { accessToken } = await stage.signIn(person);
  return await roleKeys(stage, accessToken, roleName, accountId);
}

export async function roleKeys(
  stage: AwsStage,
  accessToken: string,
  roleName: string,
  accountId: string,
): Promise<Keys> {
  const { roleCredentials } = await stage
    .sso()
    .send(new GetRoleCredentialsCommand({ accessToken, roleName, accountId }));
  const { accessKeyId = '', secretAccessKey = '', sessionToken } = roleCredentials ?? {};
  return { accessKeyId, secretAccessKey, sessionToken };
}

export function personId(stage: AwsStage, nickname: string): string {
  return stage.world.organisation.people.find((person) => person.nickname === nickname)?.id ?? '';
}

export function groupId(stage: AwsStage, name: string): string {
  return stage.world.organisation.groups.find((group) => group.name === name)?.id ?? '';
}
