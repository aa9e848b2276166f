import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { ownUser } from '../own-user.ts';
import type { Person } from '../protocol/document-parts.ts';
import { recordOutcome } from '../record-step.ts';
import { tryBuckets } from './doctor-buckets.ts';
import { type DoctorCaller, doctorCallers } from './doctor-callers.ts';
import { lookAtDeployed } from './doctor-deployed.ts';
import { tryGranting } from './doctor-granting.ts';
import {
  firstOfEachTier,
  type GrantGroup,
  grantGroups,
  groupsFinding,
  namedGrantGroups,
} from './doctor-groups.ts';
import { lookAtMachine } from './doctor-machine.ts';
import { lookAtMembers } from './doctor-members.ts';
import { trySelfApproval } from './doctor-self-approval.ts';
import { lookAtServer } from './doctor-server.ts';
import { type Finding, look } from './finding.ts';
import { type RecordProbe, recordProbeWith } from './record-probe.ts';

export interface ExaminedParts {
  readonly parts: IdentityParts;
  /** The same, and its calls are not cut short by Ctrl-C: between being let in and out nothing may. */
  readonly steady: IdentityParts;
  readonly place: BreakGlassPlace;
  /** Tries each group, not one of each tier. */
  readonly all: boolean;
  /** false: looks only, at what nobody is told of. */
  readonly tries: boolean;
}

/**
 * Is the server side there, and do its policies hold, as far as this person can see? Nothing is left behind: writes are
 * asked for in a way that never writes, and who is let into a group is put out at once. `said` hears of each finding.
 */
export async function examineBreakGlass(
  { parts, steady, place, all, tries }: ExaminedParts,
  said: (finding: Finding) => void,
): Promise<{ readonly person: string | undefined; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const say = (found: readonly Finding[]) => {
    findings.push(...found);
    for (const finding of found) said(finding);
  };
  const record = recordProbeWith(parts);
  const held = await doctorCallers(parts, place);
  say(held.findings);
  const { callers } = held;
  if (callers.length === 0) {
    const hint = 'What you hold: forge whoami --all. Who asks, approves and reads is in forge config show.';
    // Who only looks whether forge works here need not be anybody's approver.
    const verdict = tries ? 'bad' : 'other';
    say([{ check: 'rights', verdict, detail: 'you hold no permission set of break-glass', hint }]);
  }
  const person = await examinePerson(parts, callers, say);
  const every = await examineGroups(callers, place, say);
  const groups = all ? every : firstOfEachTier(every);
  for (const caller of tries ? callers : []) {
    const unhurried = { ...caller, aws: await steady.aws() };
    say(await examineCaller(unhurried, person, place, groups, record, parts));
  }
  const auditor = callers.find(({ kind }) => kind === 'audit');
  const watcher = auditor ?? callers.find(({ kind }) => kind === 'approve');
  if (watcher !== undefined)
    say(
      await look('who is in', () => lookAtMembers(watcher, every, place.breakGlass.records?.archiveBucket)),
    );
  if (auditor !== undefined) say(await lookAtDeployed(auditor, place, every));
  say(await look('server side', () => lookAtServer(auditor, place.breakGlass.records?.archiveBucket)));
  const aws = await parts.aws();
  say(await lookAtMachine(parts.host, aws.clockSkew()));
  const userName = callers[0]?.userName;
  const count = (verdict: Finding['verdict']) => findings.filter((one) => one.verdict === verdict).length;
  await recordOutcome(parts, {
    type: 'breakglass.doctor',
    ...(userName === undefined ? {} : { person: userName }),
    ok: count('ok'),
    bad: count('bad'),
    unseen: count('unseen'),
  });
  return { person: userName, findings };
}

/** Auditors can't ask for their id, and need none. */
async function examinePerson(
  { host }: IdentityParts,
  callers: readonly DoctorCaller[],
  say: (found: readonly Finding[]) => void,
): Promise<Person | undefined> {
  const reader = callers.find(({ kind }) => kind !== 'audit');
  if (reader === undefined) return undefined;
  let person: Person | undefined;
  const seen = await look('own id', async () => {
    person = await ownUser(host, reader);
    return { verdict: 'ok', detail: `${person.userId}, kept here for tier 0` };
  });
  say(seen);
  return person;
}

async function examineGroups(
  [reader]: readonly DoctorCaller[],
  place: BreakGlassPlace,
  say: (found: readonly Finding[]) => void,
): Promise<readonly GrantGroup[]> {
  if (reader === undefined) return [];
  let groups: readonly GrantGroup[] = [];
  const seen = await look('groups', async () => {
    groups = await grantGroups(reader, namedGrantGroups(place));
    return groupsFinding(groups);
  });
  say(seen);
  return groups;
}

async function examineCaller(
  caller: DoctorCaller,
  person: Person | undefined,
  place: BreakGlassPlace,
  groups: readonly GrantGroup[],
  record: RecordProbe,
  { host }: IdentityParts,
): Promise<readonly Finding[]> {
  const own =
    person === undefined
      ? []
      : await look(`approve myself (${caller.kind})`, () =>
          trySelfApproval(caller, person, groups, record, host.signal),
        );
  host.signal.throwIfAborted();
  return [
    ...own,
    ...(await tryGranting(caller, place, groups, record)),
    ...(await tryBuckets(caller, person, place, record)),
  ];
}
