import { type Aws, createAws } from '../aws/clients.ts';
import { lookupEvents } from '../aws/cloudtrail.ts';
import { rewritePolicy } from '../aws/iam-boundary.ts';
import {
  deleteMembership,
  describeUser,
  findMembership,
  type IdentityStoreCaller,
  listMemberships,
} from '../aws/identitystore.ts';
import {
  getObject,
  type ListedObject,
  type ListedVersion,
  listObjects,
  listVersions,
  putOnce,
} from '../aws/s3.ts';
import { executionInput, listExecutions, startExecution, type WorkflowCaller } from '../aws/sfn.ts';
import { terminateSession } from '../aws/ssm.ts';
import { listActiveSessions } from '../aws/ssm-sessions.ts';
import { assumeRole } from '../aws/sts.ts';
import { extendBoundary } from '../breakglass/protocol/boundary.ts';
import type { Policy } from '../breakglass/protocol/policy.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { SigningKeys } from '../lib/sigv4.ts';
import { boundedList, mostKeys } from './bounded-list.ts';
import { type HandlerEnvironment, readEnvironment } from './handler-environment.ts';
import { loadPolicy } from './load-policy.ts';
import type {
  Archive,
  Intake,
  People,
  Ports,
  Production,
  Trail,
  UnfinishedExecution,
  Workflow,
} from './ports.ts';
import { readSecret } from './read-secret.ts';
import { createPost } from './slack-webhook.ts';
import { cutsOf } from './tail-cut.ts';

/** The boundary of all roles that break-glass gives in a production account, and the role that may write it. */
const boundaryName = '/forge/ForgeBreakGlassRevocations';
const cutTailRole = 'forge/ForgeAuditCutTail';
const readRole = 'forge/ForgeAuditRead';

/** Largest record or file that is read back. */
const longestObject = 64 * 1024 * 1024;

/** The handlers' ports on AWS, with the keys that the function's role has. Throws INVALID_ENVIRONMENT, INVALID_POLICY. */
export async function createAwsPorts(host: Host): Promise<Ports> {
  const aws = createAws(host);
  const environment = readEnvironment(host.env);
  const { region, keys, configuration: bucket, policyKey: key } = environment;
  const policy = await loadPolicy({
    bucket,
    key,
    get: (limit) => getObject(aws, region, keys, { bucket, key, limit }),
  });
  return portsOf(host, aws, { ...environment, policy });
}

/** What a handler is told, with the policy that is named there. */
interface Configured extends HandlerEnvironment {
  readonly policy: Policy;
}

function portsOf(host: Host, aws: Aws, environment: Configured): Ports {
  const { policy, keys } = environment;
  const log = (text: string) => void host.stderr.write(`${text}\n`);
  const become = createBecome(aws, environment);
  return {
    policy,
    now: host.now,
    log,
    tell: createPost(host.env, (name) => readSecret(host.env, name)),
    intake: awsIntake(aws, environment),
    archive: awsArchive(aws, environment),
    people: awsPeople({ aws, region: policy.region, keys, identityStoreId: policy.identityStoreId }),
    workflow: awsWorkflow({ aws, region: policy.region, keys, stateMachineArn: environment.stateMachineArn }),
    production: awsProduction(aws, environment, become, log),
    trail: awsTrail(aws, environment, become),
  };
}

function awsIntake(aws: Aws, { policy: { region }, keys, intake: bucket }: Configured): Intake {
  return {
    get: (key, limit) => getObject(aws, region, keys, { bucket, key, limit }),
    list: (prefix, most = mostKeys) => boundedList(listObjects(aws, region, keys, { bucket, prefix }), most),
  };
}

function awsArchive(aws: Aws, { policy: { region }, keys, archive: bucket }: Configured): Archive {
  return {
    versions: (prefix) => flat<ListedVersion>(listVersions(aws, region, keys, { bucket, prefix })),
    list: (prefix, startAfter) =>
      flat<ListedObject>(listObjects(aws, region, keys, { bucket, prefix, startAfter })),
    put: (key, bytes) => putOnce(aws, region, keys, { bucket, key, bytes }),
    async get(key, versionId) {
      const object = await getObject(aws, region, keys, { bucket, key, versionId, limit: longestObject });
      if (object !== undefined) return object.bytes;
      throw new ForgeError('failed', `${key} is gone.`, { code: 'NOT_FOUND' });
    },
  };
}

function awsPeople(caller: IdentityStoreCaller): People {
  return {
    findMembership: (groupId, userId) => findMembership(caller, { groupId, userId }),
    membersOf: (groupId) => listMemberships(caller, groupId),
    removeMembership: (membershipId) => deleteMembership(caller, membershipId),
    userName: async (userId) => (await describeUser(caller, userId))?.userName,
  };
}

function awsWorkflow(caller: WorkflowCaller): Workflow {
  return {
    start: (name, input) => startExecution(caller, name, input),
    async running() {
      return (await flat(listExecutions(caller, 'RUNNING'))).map(({ name }) => name);
    },
    async unfinished(after) {
      const found: UnfinishedExecution[] = [];
      for (const status of ['FAILED', 'TIMED_OUT', 'ABORTED'] as const) {
        for await (const page of listExecutions(caller, status)) {
          for (const { name, arn, startedAt } of page)
            if (startedAt >= after) found.push({ name, input: () => executionInput(caller, arn) });
          // Newest first: what follows is older.
          if ((page.at(-1)?.startedAt ?? 0) < after) break;
        }
      }
      return found;
    },
  };
}

function awsProduction(aws: Aws, environment: Configured, become: Become, log: Ports['log']): Production {
  const { region } = environment.policy;
  return {
    async cutTail(account, cut) {
      const keys = await become(account, cutTailRole);
      const arn = `arn:aws:iam::${account}:policy${boundaryName}`;
      const wanted = cutsOf(cut);
      await rewritePolicy(aws, region, keys, arn, (versions) => extendBoundary(versions, wanted, aws.now()));
    },
    async endShells(account, isTheirs) {
      const keys = await become(account, cutTailRole);
      let [terminated, remaining] = [0, 0];
      for (const where of environment.regions) {
        for (const { sessionId, owner, startedAt } of await listActiveSessions(aws, where, keys)) {
          if (!isTheirs(owner, startedAt)) continue;
          try {
            await terminateSession(aws, where, keys, sessionId);
            terminated++;
          } catch (error) {
            remaining++;
            log(`${sessionId} could not be ended: ${error instanceof Error ? error.message : String(error)}`);
          }
        }
      }
      return { terminated, remaining };
    },
  };
}

function awsTrail(aws: Aws, environment: Configured, become: Become): Trail {
  return {
    async lookup({ account, global, ...query }) {
      const keys = await become(account, readRole);
      return lookupEvents(aws, global ? 'us-east-1' : environment.policy.region, keys, query);
    },
  };
}

type Become = (account: string, role: string) => Promise<SigningKeys>;

/** So long before their end keys are asked for anew. */
const spareMs = 5 * 60_000;

/** Keys of forge's roles in production accounts, for a quarter of an hour each. */
function createBecome(aws: Aws, { policy: { region }, keys }: Configured): Become {
  const known = new Map<string, { readonly keys: SigningKeys; readonly until: number }>();
  return async (account, role) => {
    const roleArn = `arn:aws:iam::${account}:role/${role}`;
    const held = known.get(roleArn);
    if (held !== undefined && held.until > aws.now()) return held.keys;
    const issued = await assumeRole(aws, region, keys, {
      roleArn,
      sessionName: 'forge-breakglass',
      durationSeconds: 900,
    });
    const theirs: SigningKeys = {
      accessKeyId: issued.accessKeyId,
      secretAccessKey: issued.secretAccessKey.reveal(),
      sessionToken: issued.sessionToken.reveal(),
    };
    known.set(roleArn, { keys: theirs, until: issued.expiration - spareMs });
    return theirs;
  };
}

async function flat<Entry>(pages: AsyncIterable<readonly Entry[]>): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}
