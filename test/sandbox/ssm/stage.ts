import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { type AwsEndpoint, startAwsEndpoint } from '../../../src/sandbox/aws/aws-endpoint.ts';
import type { Instance } from '../../../src/sandbox/organisation.ts';
import type { IssuedKeys } from '../../../src/sandbox/principal.ts';
import { createWorld, type World } from '../../../src/sandbox/world.ts';
import { openRawChannel, type RawChannel } from './raw-channel.ts';

export interface SsmStage extends AsyncDisposable {
  readonly world: World;
  readonly endpoint: AwsEndpoint;
  /** Keys of a permission set's role, as the portal gives them. */
  keysOf(permissionSet: string, environment: string, person?: string): IssuedKeys;
  ssm(keys?: IssuedKeys, region?: string): SSMClient;
  ec2(keys?: IssuedKeys): EC2Client;
  kms(keys?: IssuedKeys): KMSClient;
  instance(environment: string, name: string): Instance;
  /** StartSession and the data channel's opening. */
  open(wish: OpenWish): Promise<RawChannel & { readonly sessionId: string }>;
  admin(path: string, body: object): Promise<{ status: number; json: unknown }>;
}

export interface OpenWish {
  readonly instance?: string;
  readonly document?: string;
  readonly parameters?: Readonly<Record<string, string[]>>;
}

export async function startSsmStage(now: () => number = Date.now): Promise<SsmStage> {
  const world = createWorld({ now });
  const endpoint = await startAwsEndpoint({ world });
  const common = (keys: IssuedKeys, region = 'us-east-1') => ({
    endpoint: endpoint.url,
    region,
    maxAttempts: 1,
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
    },
  });
  const { organisation } = world;
  const account = (name: string) => organisation.accounts.find((entry) => entry.name === name)?.id ?? '';
  const stage: SsmStage = {
    world,
    endpoint,
    keysOf(permissionSet, environment, person = 'dana') {
      const role = organisation.roles.find(
        (entry) =>
          entry.account === account(environment) && entry.name.startsWith(`AWSReservedSSO_${permissionSet}_`),
      );
      if (role === undefined) throw new Error(`no role ${permissionSet}`);
      return world.keys.issueTemporary(
        {
          kind: 'role',
          account: role.account,
          arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${person}@tapp.example`,
          userId: `${role.id}:${person}@tapp.example`,
          mfaAt: undefined,
          role,
          sessionName: `${person}@tapp.example`,
          sourceIdentity: undefined,
          tags: {},
          transitiveTagKeys: [],
          sessionPolicies: [],
          person: organisation.people.find((entry) => entry.nickname === person),
        },
        3_600,
      );
    },
    ssm: (keys = stage.keysOf('Forge-Developer', 'dev'), region) => new SSMClient(common(keys, region)),
    ec2: (keys = stage.keysOf('Forge-Developer', 'dev')) => new EC2Client(common(keys)),
    kms: (keys = stage.keysOf('Forge-Developer', 'dev')) => new KMSClient(common(keys)),
    instance(environment, name) {
      const found = organisation.instances.find(
        (entry) => entry.account === account(environment) && entry.tags.Name === name,
      );
      if (found === undefined) throw new Error(`no instance ${name}`);
      return found;
    },
    async open({ instance = 'web-1', document, parameters }) {
      const started = await stage.ssm().send(
        new StartSessionCommand({
          Target: stage.instance('dev', instance).id,
          ...(document === undefined ? {} : { DocumentName: document }),
          ...(parameters === undefined ? {} : { Parameters: { ...parameters } }),
        }),
      );
      const channel = await openRawChannel(started.StreamUrl ?? '', started.TokenValue ?? '');
      return Object.assign(channel, { sessionId: started.SessionId ?? '' });
    },
    async admin(path, body) {
      const response = await fetch(`${endpoint.url}/_sandbox/${path}`, {
        method: 'POST',
        headers: { 'x-forge-sandbox-admin': endpoint.adminToken },
        body: JSON.stringify(body),
      });
      return { status: response.status, json: await response.json() };
    },
    [Symbol.asyncDispose]: () => endpoint.close(),
  };
  return stage;
}
