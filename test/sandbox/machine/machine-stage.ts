import { dirname, join } from 'node:path';
import { CreateGroupMembershipCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { encodeDecision } from '../../../src/breakglass/protocol/decision.ts';
import { sha256 } from '../../../src/breakglass/protocol/document.ts';
import { newRequestId, type RequestId } from '../../../src/breakglass/protocol/ids.ts';
import { decisionKey, requestKey } from '../../../src/breakglass/protocol/keys.ts';
import { parseRecord } from '../../../src/breakglass/protocol/record.ts';
import { encodeRequest } from '../../../src/breakglass/protocol/request.ts';
import { verifyChain } from '../../../src/breakglass/protocol/verify-chain.ts';
import { archiveBucket, intakeBucket } from '../../../src/sandbox/break-glass/arns.ts';
import { handlerPolicy } from '../../../src/sandbox/machine/handler-policy.ts';
import { trailEvents } from '../../../src/sandbox/machine/trail.ts';
import { builtForge } from '../../support/built-forge.ts';
import { groupId, personId, personKeys } from '../aws/person-keys.ts';
import { type AwsStage, credentialsOf, type Keys, startAwsStage } from '../clients.ts';

export const minute = 60_000;
export const day = 24 * 60 * minute;
export const wealth = '333333333333';
export const emergencyTags = { 'forge:tier': '0', 'forge:incident': 'INC-7', 'forge:reason': 'Site down' };
export const databaseGroup = 'grp-forge-jit-tier1-database-prod-wealth';
const identityStoreId = 'd-9067f7c0de';

/** People, the real bundle of the handlers, and a clock to turn. */
export interface MachineStage extends AsyncDisposable {
  readonly aws: AwsStage;
  /** What the handlers said. */
  readonly log: string[];
  /** Asks for the database of prod-wealth, as `person` through S3. */
  ask(person: string, minutes?: number): Promise<RequestId>;
  /** Mia's yes to it. */
  decide(person: string, id: RequestId): Promise<void>;
  /** Mia makes somebody a member; the membership's id. */
  admit(person: string, by?: Keys): Promise<string>;
  /** Dana's request with Mia's yes to it: an hour. */
  approved(): Promise<RequestId>;
  /** Sam, who is on call, assumes the emergency role of prod-wealth. */
  breakTheGlass(tags: Readonly<Record<string, string>>): Promise<Keys>;
  sts(keys: Keys): STSClient;
  isIn(person: string): boolean;
  /** Waits until nothing goes on but waits. */
  settle(): Promise<void>;
  /** Turns the clock forward. */
  turn(milliseconds: number): Promise<void>;
  lever(fields: object): Promise<void>;
  /** Kinds of a session's records. */
  kinds(session: string): readonly string[];
  sessions(): readonly string[];
  /** Text of a file of a session. */
  file(session: string, name: string): string;
  said(): readonly string[];
  /** The archive, as an auditor reads it. */
  verify(): ReturnType<typeof verifyChain>;
}

export async function startMachineStage(): Promise<MachineStage> {
  const archive = join(dirname(await builtForge()), '..', 'dist', 'lambda', 'forge-breakglass.zip');
  const log: string[] = [];
  const aws = await startAwsStage(Date.now, { handlers: { archive, log: (line) => void log.push(line) } });
  const { world, endpoint } = aws;
  const config = (keys: Keys) => ({
    endpoint: endpoint.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: credentialsOf(keys),
  });
  const put = async (keys: Keys, Key: string, Body: Uint8Array) => {
    const client = new S3Client({ ...config(keys), forcePathStyle: true });
    await client.send(
      new PutObjectCommand({
        Bucket: intakeBucket,
        Key,
        Body,
        IfNoneMatch: '*',
        ChecksumAlgorithm: 'SHA256',
      }),
    );
  };
  const person = (name: string) => ({ userId: personId(aws, name), userName: `${name}@tapp.example` });
  const requests = new Map<RequestId, Uint8Array>();
  const approver = personKeys(aws, 'mia', 'Forge-BreakGlass-Approve-tier1');
  let offset = 0;
  const bucket = () => world.organisation.buckets.find(({ name }) => name === archiveBucket);
  const admin = async (method: string, path: string, fields?: object) => {
    const { status, json } = await aws.admin(method, path, fields);
    if (status !== 200) throw new Error(JSON.stringify(json));
    return json;
  };
  const stage: MachineStage = {
    aws,
    log,
    async ask(name, minutes = 60) {
      const id = newRequestId(world.now(), crypto.getRandomValues(new Uint8Array(10)));
      const requester = person(name);
      const bytes = encodeRequest({
        v: 1,
        kind: 'request',
        id,
        tier: 1,
        account: wealth,
        environment: 'prod-wealth',
        scenario: 'database',
        permissionSet: 'Forge-Prod-Database',
        groupId: groupId(aws, databaseGroup),
        minutes,
        ticket: 'OPS-4711',
        reason: 'Orders stuck since 11:40',
        requester,
        createdAt: new Date(world.now()).toISOString(),
      });
      requests.set(id, bytes);
      const keys = await personKeys(aws, name, 'Forge-BreakGlass-Request');
      await put(keys, requestKey(requester.userId, id), bytes);
      return id;
    },
    async decide(_, id) {
      const bytes = requests.get(id) ?? new Uint8Array();
      const minutes = (JSON.parse(new TextDecoder().decode(bytes)) as { minutes: number }).minutes;
      const mia = person('mia');
      const decision = encodeDecision({
        v: 1,
        kind: 'decision',
        requestId: id,
        requestSha256: sha256(bytes),
        outcome: 'approved',
        minutes,
        approver: mia,
      });
      await put(await approver, decisionKey(1, id, mia.userId), decision);
    },
    async admit(name, by) {
      const { MembershipId = '' } = await new IdentitystoreClient(config(by ?? (await approver))).send(
        new CreateGroupMembershipCommand({
          IdentityStoreId: identityStoreId,
          GroupId: groupId(aws, databaseGroup),
          MemberId: { UserId: personId(aws, name) },
        }),
      );
      return MembershipId;
    },
    async approved() {
      const id = await stage.ask('dana');
      await stage.decide('mia', id);
      return id;
    },
    async breakTheGlass(tags) {
      const { Credentials: issued } = await stage
        .sts(await personKeys(aws, 'sam', 'Forge-SRE-OnCall', wealth))
        .send(
          new AssumeRoleCommand({
            RoleArn: `arn:aws:iam::${wealth}:role/forge/Forge-Prod-Emergency`,
            RoleSessionName: 'sam@tapp.example',
            SourceIdentity: personId(aws, 'sam'),
            Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
          }),
        );
      return {
        accessKeyId: issued?.AccessKeyId ?? '',
        secretAccessKey: issued?.SecretAccessKey ?? '',
        sessionToken: issued?.SessionToken,
      };
    },
    sts: (keys) => new STSClient({ ...config(keys), systemClockOffset: world.now() - world.hostNow() }),
    isIn: (name) =>
      world.organisation.memberships.some(
        (entry) => entry.groupId === groupId(aws, databaseGroup) && entry.userId === personId(aws, name),
      ),
    settle: async () => void (await admin('POST', 'machine', { settle: true })),
    async turn(milliseconds) {
      offset += milliseconds;
      await admin('POST', 'clock', { offsetMs: offset });
      await stage.settle();
    },
    lever: async (fields) => void (await admin('POST', 'machine', fields)),
    kinds: (session) =>
      [...(bucket()?.objects ?? [])]
        .filter(([key]) => key.startsWith(`sessions/${session}/0`))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, [version]]) => {
          const parsed = parseRecord(version?.body ?? new Uint8Array());
          return parsed.ok ? parsed.value.kind : parsed.problem;
        }),
    sessions: () =>
      [...new Set([...(bucket()?.objects.keys() ?? [])].map((key) => key.split('/')[1] ?? ''))].filter((id) =>
        /^(?:BG|EV|UN)-/.test(id),
      ),
    file: (session, name) =>
      bucket()?.objects.get(`sessions/${session}/files/${name}`)?.[0]?.body.toString() ?? '',
    said: () => world.machine.messages.map(({ text }) => text),
    verify: () =>
      verifyChain({
        versions: [...(bucket()?.objects ?? [])].flatMap(([key, versions]) =>
          versions.map(({ versionId, lastModified, deleteMarker, body, retention }) => ({
            key,
            versionId,
            lastModified,
            deleteMarker,
            bytes: body,
            lock: retention,
          })),
        ),
        policy: handlerPolicy(world.organisation),
        now: world.now(),
        trail: world.events.all().flatMap(trailEvents),
      }),
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  };
  return stage;
}
