import { awsErrorName } from '../../aws/aws-error.ts';
import { createMembership, deleteMembership, findMembership } from '../../aws/identitystore.ts';
import { ForgeError } from '../../errors.ts';
import type { Person } from '../protocol/document-parts.ts';
import type { DoctorCaller } from './doctor-callers.ts';
import type { GrantGroup } from './doctor-groups.ts';
import type { Finding } from './finding.ts';
import type { RecordProbe } from './record-probe.ts';

type Answer = 'denied' | 'allowed' | 'let in, and out again' | 'LET IN, AND STILL IN';

/**
 * May I approve myself? Really tried, for each group that a grant can be, since only AWS's own answer counts. Who is
 * let in after all is put out at once. `caller` must not be cut short between the two: its `aws` knows no Ctrl-C.
 */
export async function trySelfApproval(
  caller: DoctorCaller,
  person: Person,
  groups: readonly GrantGroup[],
  record: RecordProbe,
  signal: AbortSignal,
): Promise<Omit<Finding, 'check'>> {
  const answers = new Map<Answer, string[]>();
  let failure: ForgeError | undefined;
  for (const { name, id } of groups) {
    signal.throwIfAborted();
    if (id === undefined) continue;
    await record(caller, 'self-approval', name);
    try {
      const answer = await tryGroup(caller, { groupId: id, userId: person.userId });
      answers.set(answer, [...(answers.get(answer) ?? []), name]);
    } catch (error) {
      // What was found before must be said all the same.
      if (!(error instanceof ForgeError)) throw error;
      failure ??= error;
    }
  }
  const named = (answer: Answer) => answers.get(answer)?.join(', ');
  const still = named('LET IN, AND STILL IN');
  const out = named('let in, and out again');
  const allowed = named('allowed');
  if (still !== undefined || out !== undefined || allowed !== undefined) {
    const said = [
      ...(still === undefined
        ? []
        : [`YOU ARE IN ${still} NOW AND COULD NOT BE TAKEN OUT: AN ADMINISTRATOR MUST DO IT.`]),
      ...(out === undefined ? [] : [`It let you into ${out}; you are out again.`]),
      ...(allowed === undefined ? [] : [`It would have let you into ${allowed}, where you are already.`]),
    ];
    return {
      verdict: 'bad',
      detail: `YOU CAN APPROVE YOURSELF. ${said.join(' ')}`,
      hint: `Tell an administrator: ${caller.permissionSet} needs the Deny of CreateGroupMembership on user/\${identitystore:UserId}, docs/break-glass.md`,
    };
  }
  if (failure !== undefined) throw failure;
  const tried = answers.get('denied')?.length ?? 0;
  return tried === 0
    ? { verdict: 'unseen', detail: 'there is no group to try it with' }
    : { verdict: 'ok', detail: `denied by AWS, for ${tried} ${tried === 1 ? 'group' : 'groups'}` };
}

async function tryGroup(
  caller: DoctorCaller,
  member: { readonly groupId: string; readonly userId: string },
): Promise<Answer> {
  const before = await findMembership(caller, member);
  try {
    const made = await createMembership(caller, member);
    if (made === undefined) return 'allowed';
    return await takeOut(caller, made);
  } catch (error) {
    if (/^AccessDenied/.test(awsErrorName(error) ?? '')) return 'denied';
    // The answer was lost: it may have let in all the same.
    const now = before === undefined ? await findMembership(caller, member) : undefined;
    if (now !== undefined) return takeOut(caller, now);
    throw error;
  }
}

async function takeOut(caller: DoctorCaller, membershipId: string): Promise<Answer> {
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      await deleteMembership(caller, membershipId);
      return 'let in, and out again';
    } catch (error) {
      if (!(error instanceof ForgeError)) throw error;
      if (error.kind !== 'unreachable' && error.code !== 'THROTTLED') break;
    }
  }
  return 'LET IN, AND STILL IN';
}
