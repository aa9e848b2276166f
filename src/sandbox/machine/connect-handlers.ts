import { encodePolicy, policyKey } from '../../breakglass/protocol/policy.ts';
import { addVersion } from '../aws/s3/bucket.ts';
import {
  archiveBucket,
  configurationBucket,
  handlerRoleArn,
  intakeBucket,
  stateMachineArn,
} from '../break-glass/arns.ts';
import { roleArn } from '../organisation.ts';
import type { IssuedKeys } from '../principal.ts';
import type { World } from '../world.ts';
import { handlerPolicy } from './handler-policy.ts';
import { createHandlerRunner, type HandlerName, type HandlerRunner } from './handler-runner.ts';
import { slackPath } from './slack.ts';
import { unpackHandlers } from './unpack-handlers.ts';

export interface HandlersOptions {
  /** File of the functions' archive, as it is deployed. */
  readonly archive: string;
  /** What the handlers log. */
  readonly log?: (line: string) => void;
  /** Where they are unpacked; undefined: the folder for temporary files. */
  readonly folder?: string;
}

/** Lambda renews a function's keys by itself; here they outlive every rehearsal, however far its clock is turned. */
const keySeconds = 10 * 365 * 86_400;

/** Lets the handlers run against this very endpoint, each with the keys of its own role and of nothing else. */
export function connectHandlers(
  world: World,
  url: string,
  { archive, log, folder }: HandlersOptions,
): HandlerRunner {
  const unpacked = unpackHandlers(archive, folder);
  const policy = putPolicy(world);
  const runner = createHandlerRunner({
    folder: unpacked.folder,
    offset: () => world.now() - world.hostNow(),
    log: log ?? (() => {}),
    environment(handler) {
      const keys = handlerKeys(world, handler);
      return {
        AWS_ENDPOINT_URL: url,
        AWS_REGION: world.organisation.region,
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_SESSION_TOKEN: keys.sessionToken ?? '',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_SDK_UA_APP_ID: `forge-breakglass-${handler}`,
        NO_PROXY: '127.0.0.1',
        FORGE_INTAKE: intakeBucket,
        FORGE_ARCHIVE: archiveBucket,
        FORGE_POLICY_BUCKET: configurationBucket,
        FORGE_POLICY: policy,
        FORGE_STATE_MACHINE: stateMachineArn,
        FORGE_SLACK_WEBHOOK: `${url}${slackPath}`,
      };
    },
  });
  world.machine.connect(runner);
  return {
    ...runner,
    async [Symbol.asyncDispose]() {
      world.machine.stop();
      await runner[Symbol.asyncDispose]();
      unpacked.remove();
    },
  };
}

/** As the pipeline would, past every policy; its key. */
function putPolicy(world: World): string {
  const bucket = world.organisation.buckets.find(({ name }) => name === configurationBucket);
  if (bucket === undefined) throw new Error(`the sandbox has no bucket ${configurationBucket}`);
  const body = Buffer.from(encodePolicy(handlerPolicy(world.organisation)));
  const key = policyKey(body);
  addVersion(bucket, key, { body, lastModified: world.now() });
  return key;
}

/** As Lambda assumes a function's role. */
function handlerKeys(world: World, handler: HandlerName): IssuedKeys {
  const arn = handlerRoleArn(handler);
  const role = world.organisation.roles.find((entry) => roleArn(entry) === arn);
  if (role === undefined) throw new Error(`the sandbox has no role ${arn}`);
  const sessionName = `forge-breakglass-${handler}`;
  return world.keys.issueTemporary(
    {
      kind: 'role',
      account: role.account,
      arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
      userId: `${role.id}:${sessionName}`,
      mfaAt: undefined,
      role,
      sessionName,
      sourceIdentity: undefined,
      tags: {},
      transitiveTagKeys: [],
      sessionPolicies: [],
      person: undefined,
    },
    keySeconds,
  );
}
