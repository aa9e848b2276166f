import type { Organisation } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import type { World } from '../../../src/sandbox/world.ts';

/** Of programs that reach the AWS at `url` with these keys, and know nothing else. */
export function environmentOf(
  url: string,
  keys: Pick<IssuedKeys, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
  home: string,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_SESSION_TOKEN: keys.sessionToken,
  };
}

/** What Dana has in dev once she is signed in, and the bastion there. */
export function developerOf({ organisation, keys }: World) {
  const account = required(
    organisation.accounts.find(({ name }) => name === 'dev'),
    'account dev',
  ).id;
  const role = required(
    organisation.roles.find(
      (entry) => entry.account === account && entry.name.startsWith('AWSReservedSSO_Forge-Developer_'),
    ),
    'role Forge-Developer',
  );
  const bastion = required<Organisation['instances'][number]>(
    organisation.instances.find((entry) => entry.account === account && entry.tags.Name === 'bastion'),
    'bastion',
  );
  const sessionName = 'dana@tapp.example';
  return {
    account,
    instance: bastion.id,
    keys: keys.issueTemporary(
      {
        kind: 'role',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
        userId: `${role.id}:${sessionName}`,
        mfaAt: undefined,
        role,
        sessionName,
        sourceIdentity: undefined,
        tags: {},
        transitiveTagKeys: [],
        sessionPolicies: [],
        person: organisation.people.find(({ nickname }) => nickname === 'dana'),
      },
      3_600,
    ),
  };
}

function required<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`the sandbox has no ${what}`);
  return value;
}
