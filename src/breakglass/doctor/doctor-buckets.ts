import { randomBytes, randomUUID } from 'node:crypto';
import { awsErrorName } from '../../aws/aws-error.ts';
import { listObjects, tryToPut } from '../../aws/s3.ts';
import type { BreakGlass } from '../../config/break-glass.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import type { Person } from '../protocol/document-parts.ts';
import { newRequestId } from '../protocol/ids.ts';
import { decisionKey, endKey, evidenceKey, killKey, recordKey, requestKey } from '../protocol/keys.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import { type Finding, look } from './finding.ts';
import type { RecordProbe } from './record-probe.ts';

interface PutProbe {
  readonly check: string;
  readonly bucket: string;
  readonly key: string;
  /** With `If-None-Match: *`. */
  readonly once: boolean;
  readonly must: 'denied' | 'allowed';
  /** What it means that it is otherwise. */
  readonly else: string;
}

/** What the policies of both buckets say of writing: asked in a way that never writes. */
export async function tryBuckets(
  caller: DoctorCaller,
  person: Person | undefined,
  place: BreakGlassPlace,
  record: RecordProbe,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const probe of putProbes(caller, person, place)) {
    const found = await look(`${probe.check} (${caller.kind})`, async () => {
      await record(caller, probe.check, `${probe.bucket}/${probe.key}`);
      const { aws, region, keys } = caller;
      return putFinding(probe, await tryToPut(aws, region, keys, probe));
    });
    findings.push(...found);
  }
  return [...findings, ...(await tryLists(caller, place, record))];
}

function putFinding(probe: PutProbe, answer: Awaited<ReturnType<typeof tryToPut>>): Omit<Finding, 'check'> {
  if (answer === 'written') {
    return {
      verdict: 'bad',
      detail: `AN EMPTY OBJECT WAS WRITTEN: ${probe.bucket}/${probe.key}. ${probe.else}.`,
      hint: 'S3 took it although its digest is wrong: tell an administrator.',
    };
  }
  if (answer === probe.must) return { verdict: 'ok', detail: `${answer} by AWS` };
  return {
    verdict: 'bad',
    detail: `${answer.toUpperCase()} BY AWS: ${probe.else}.`,
    hint: 'Tell an administrator: the policies of docs/break-glass.md are not what is there.',
  };
}

/** Pure but for chance: ids that nobody has. */
function putProbes(
  caller: DoctorCaller,
  person: Person | undefined,
  { intakeBucket: bucket, breakGlass }: BreakGlassPlace,
): readonly PutProbe[] {
  const { kind, aws } = caller;
  const id = newRequestId(aws.now(), randomBytes(10));
  const somebody = randomUUID();
  const userId = person?.userId;
  const intake = (check: string, key: string, more: string, once = true): PutProbe => {
    return { check, bucket, key, once, must: 'denied', else: more };
  };
  const deciding = (tier: number, own: string, permissionSet: string | undefined): PutProbe => {
    const may = permissionSet === caller.permissionSet;
    const broken = may ? 'you could not decide' : 'who may not approve could decide';
    return {
      ...intake(`decide tier ${tier}`, decisionKey(tier, id, own), broken),
      must: may ? 'allowed' : 'denied',
    };
  };
  const archive = breakGlass.records?.archiveBucket;
  return [
    ...(kind === 'request' && userId !== undefined
      ? ([
          {
            ...intake('write a request', requestKey(userId, id), 'you could not ask for anything'),
            must: 'allowed',
          },
          { ...intake('write an end', endKey(userId, id), 'you could not give back'), must: 'allowed' },
          { ...intake('write evidence', evidenceKey(userId, id, 0), 'it would be lost'), must: 'allowed' },
          intake(
            'write without If-None-Match',
            requestKey(userId, id),
            'what is written could be written over',
            false,
          ),
        ] as const)
      : []),
    intake('write a request in another name', requestKey(somebody, id), 'anybody could ask as anybody'),
    intake('end what is of others', endKey(somebody, id), 'anybody could end as anybody'),
    intake('write evidence in another name', evidenceKey(somebody, id, 0), 'evidence could be anybody’s'),
    intake('kill in another name', killKey(id, somebody), 'anybody could end access as anybody'),
    ...(userId === undefined || kind === 'approve'
      ? []
      : [intake('kill', killKey(id, userId), 'who may not approve could end what is of others')]),
    ...decidedTiers(breakGlass).flatMap(([tier, permissionSet]) => [
      intake(
        `decide tier ${tier} in another name`,
        decisionKey(tier, id, somebody),
        'anybody could decide as anybody',
      ),
      ...(userId === undefined ? [] : [deciding(tier, userId, permissionSet)]),
    ]),
    ...(archive === undefined
      ? []
      : [true, false].map((once) => ({
          check: once ? 'write to the archive' : 'write over the archive',
          bucket: archive,
          key: recordKey(id, 0),
          once,
          must: 'denied' as const,
          else: 'records could be forged',
        }))),
  ];
}

/** Tiers that somebody approves, and with which permission set. */
function decidedTiers({ tiers, approvers }: BreakGlass): readonly (readonly [number, string | undefined])[] {
  return [...tiers.values()].flatMap((tier) =>
    tier.approvers === undefined
      ? []
      : [[Number(tier.name), approvers.get(tier.approvers)?.permissionSet] as const],
  );
}

/** What may be listed, and what may not. */
async function tryLists(
  caller: DoctorCaller,
  { intakeBucket, breakGlass }: BreakGlassPlace,
  record: RecordProbe,
): Promise<readonly Finding[]> {
  const archive = breakGlass.records?.archiveBucket;
  const lists: (readonly [check: string, bucket: string, prefix: string, must: 'listed' | 'denied'])[] = [];
  if (caller.kind !== 'audit') lists.push(['list requests', intakeBucket, 'requests/', 'listed']);
  if (caller.kind === 'request') {
    lists.push(['list evidence of others', intakeBucket, `evidence/${randomUUID()}/`, 'denied']);
    if (archive !== undefined) lists.push(['list the archive', archive, 'sessions/', 'denied']);
  }
  const findings: Finding[] = [];
  for (const [check, bucket, prefix, must] of lists) {
    const found = await look(`${check} (${caller.kind})`, async () => {
      await record(caller, check, `${bucket}/${prefix}`);
      const answer = await tryToList(caller, bucket, prefix);
      return answer === must
        ? { verdict: 'ok', detail: `${answer} by AWS` }
        : { verdict: 'bad', detail: `${answer.toUpperCase()} BY AWS, and it must be ${must}.` };
    });
    findings.push(...found);
  }
  return findings;
}

async function tryToList(
  { aws, region, keys }: DoctorCaller,
  bucket: string,
  prefix: string,
): Promise<'listed' | 'denied'> {
  try {
    await listObjects(aws, region, keys, { bucket, prefix }).next();
    return 'listed';
  } catch (error) {
    if (awsErrorName(error) === 'AccessDenied') return 'denied';
    throw error;
  }
}
