import { awsErrorName } from '../../aws/aws-error.ts';
import { lookupEvents } from '../../aws/cloudtrail.ts';
import { getObject, listObjects } from '../../aws/s3.ts';
import { getDefaultLock, keepsVersions, refusesThePublic } from '../../aws/s3-settings.ts';
import { configurationBucketOf } from '../../config/break-glass.ts';
import { durationText } from '../../lib/duration-text.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { parsePolicy, policyBytes, policyKey } from '../protocol/policy.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import type { GrantGroup } from './doctor-groups.ts';
import { differencesOf } from './doctor-policy.ts';
import { type Finding, look } from './finding.ts';

/** What an auditor can ask the deployed side, without a trace but the journal of AWS. Nothing is tried, nothing is written. */
export async function lookAtDeployed(
  caller: DoctorCaller,
  place: BreakGlassPlace,
  groups: readonly GrantGroup[],
): Promise<readonly Finding[]> {
  const { records } = place.breakGlass;
  const archive = records?.archiveBucket;
  const configuration = configurationBucketOf(records, place.account);
  const buckets: readonly (readonly [string, string])[] = [
    ['intake', place.intakeBucket],
    ...(archive === undefined ? [] : [['archive', archive] as const]),
    ['configuration', configuration],
  ];
  const findings: Finding[] = [];
  for (const [name, bucket] of buckets)
    findings.push(...(await look(`bucket of the ${name}`, () => bucketFinding(caller, bucket))));
  if (archive !== undefined) {
    const days = Math.floor((records?.retentionSeconds ?? 0) / 86_400);
    findings.push(...(await look('lock of the archive', () => lockFinding(caller, archive, days))));
  }
  return [
    ...findings,
    ...(await look('policy of the functions', () => policyFinding(caller, configuration, place, groups))),
    ...(await look('sweeper', () => sweeperFinding(caller, configuration))),
  ];
}

type Found = Omit<Finding, 'check'>;
const administrator =
  'Tell an administrator: Terraform says otherwise (forge infra check), so somebody changed it by hand.';

async function bucketFinding({ aws, region, keys }: DoctorCaller, bucket: string): Promise<Found> {
  try {
    const wrong = [
      ...((await keepsVersions(aws, region, keys, bucket)) ? [] : ['KEEPS NO VERSIONS']),
      ...((await refusesThePublic(aws, region, keys, bucket)) ? [] : ['COULD BE OPENED TO THE PUBLIC']),
    ];
    if (wrong.length === 0)
      return { verdict: 'ok', detail: `${bucket} keeps versions, and can't be opened to the public` };
    return { verdict: 'bad', detail: `${bucket} ${wrong.join(', ')}.`, hint: administrator };
  } catch (error) {
    if (awsErrorName(error) !== 'NoSuchBucket') throw error;
    const hint = 'Deploy the server side, or correct forge.yaml: forge config import-terraform';
    return { verdict: 'bad', detail: `there is no bucket ${bucket}`, hint };
  }
}

async function lockFinding(
  { aws, region, keys }: DoctorCaller,
  bucket: string,
  days: number,
): Promise<Found> {
  const lock = await getDefaultLock(aws, region, keys, bucket);
  if (lock === undefined)
    return { verdict: 'bad', detail: 'NOTHING IS LOCKED: records can be deleted.', hint: administrator };
  const found = `${lock.mode}, ${lock.days} ${lock.days === 1 ? 'day' : 'days'}`;
  if (lock.mode !== 'COMPLIANCE') {
    return { verdict: 'bad', detail: `${found}: who may bypass it can delete records.`, hint: administrator };
  }
  if (lock.days < days) {
    return {
      verdict: 'bad',
      detail: `${found}, and forge.yaml says ${days} days (break_glass.records.retention)`,
      hint: 'When all works: archive_retention_days in Terraform. It can be made longer at any time, and shorter never.',
    };
  }
  return { verdict: 'ok', detail: found };
}

/** Terraform leaves one policy there, whose name is its hash; the functions take no other. */
async function policyFinding(
  caller: DoctorCaller,
  bucket: string,
  place: BreakGlassPlace,
  groups: readonly GrantGroup[],
): Promise<Found> {
  const { aws, region, keys } = caller;
  const found: string[] = [];
  for await (const page of listObjects(aws, region, keys, { bucket, prefix: 'policy/' }))
    found.push(...page.map(({ key }) => key));
  const [key, ...others] = found;
  if (key === undefined) {
    const hint = 'terraform apply writes it. Until then the functions do nothing, and say so in their logs.';
    return { verdict: 'bad', detail: `${bucket} has no policy`, hint };
  }
  if (others.length > 0) {
    const hint = 'A terraform apply has not ended; type terraform plan.';
    return { verdict: 'bad', detail: `${found.length} policies are there at once`, hint };
  }
  const object = await getObject(aws, region, keys, { bucket, key, limit: policyBytes });
  if (object === undefined) return { verdict: 'unseen', detail: `${key} went while it was looked at` };
  if (policyKey(object.bytes) !== key)
    return { verdict: 'bad', detail: `${key} HAS OTHER CONTENT THAN ITS NAME SAYS.`, hint: administrator };
  const parsed = parsePolicy(new TextDecoder().decode(object.bytes));
  if (!parsed.ok) return { verdict: 'bad', detail: `the functions can't use it: ${parsed.problem}` };
  const differences = differencesOf(parsed.value, place, groups);
  const short = key.slice('policy/'.length, 'policy/'.length + 12);
  if (differences.length === 0) {
    const { grants, emergencyRoles } = parsed.value;
    const roles = `${emergencyRoles.length} emergency roles`;
    return { verdict: 'ok', detail: `${short}…, as forge.yaml says: ${grants.length} groups, ${roles}` };
  }
  const shown = differences.slice(0, 10);
  const more = differences.length - shown.length;
  return {
    verdict: 'bad',
    detail: `${short}… is not what forge.yaml says. ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    hint: 'One of the two is older: terraform apply, or forge config import-terraform.',
  };
}

/** CloudTrail is up to a quarter of an hour late, and the sweeper comes every five minutes. */
const lateMs = 30 * 60_000;
const backMs = 24 * 3_600_000;

/** It looks into the groups each time that it runs; CloudTrail has that. */
async function sweeperFinding(caller: DoctorCaller, configuration: string): Promise<Found> {
  const { aws, region, keys } = caller;
  const to = aws.now();
  const page = await lookupEvents(aws, region, keys, {
    by: 'Username',
    value: 'forge-breakglass-sweeper',
    from: to - backMs,
    to,
  });
  const times = page.events.map(timeOf).filter((time) => time !== undefined);
  const newest = times.length === 0 ? undefined : Math.max(...times);
  if (newest === undefined) {
    for await (const page of listObjects(aws, region, keys, { bucket: configuration, prefix: 'policy/' })) {
      if (page.some(({ lastModified }) => lastModified > to - lateMs))
        return {
          verdict: 'other',
          detail: 'was deployed within half an hour, and not seen by CloudTrail yet',
        };
    }
    return {
      verdict: 'bad',
      detail: 'CloudTrail has nothing of it for a day: what the others miss stays',
      hint: 'Is its schedule on? aws scheduler get-schedule --name forge-breakglass-sweep. And its alarms?',
    };
  }
  const ago = to - newest;
  const seen = `was seen by CloudTrail ${durationText(Math.max(ago, 0))} ago`;
  if (ago <= lateMs) return { verdict: 'ok', detail: seen };
  return {
    verdict: 'bad',
    detail: `${seen}, and comes every five minutes`,
    hint: 'Is its schedule on? aws scheduler get-schedule --name forge-breakglass-sweep. And its alarms?',
  };
}

function timeOf(event: string): number | undefined {
  try {
    const { eventTime } = JSON.parse(event) as { eventTime?: unknown };
    const time = typeof eventTime === 'string' ? Date.parse(eventTime) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  }
}
