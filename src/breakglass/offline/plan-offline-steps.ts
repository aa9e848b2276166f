import type { Tier } from '../../config/break-glass.ts';
import { durationText } from '../../lib/duration-text.ts';
import { quotePosix } from '../../lib/quote-posix.ts';
import type { Plan } from '../../terminal/plan.ts';
import type { OfflinePlan } from './plan-offline.ts';

/** What `--plan` says of tier 3; pure. */
export function offlineSteps(
  { environment, roleArn, userArn, tier, seconds, tags }: OfflinePlan,
  command: readonly string[],
): Plan {
  const pairs = Object.entries(tags).map(([key, value]) => `Key=${key},Value=${quotePosix(value)}`);
  const devices = [...tier.mfaDevices].map(([name, serial]) => `${name} (${serial})`).join(' or ');
  const what = command.length === 0 ? 'a shell' : command.map((word) => JSON.stringify(word)).join(' ');
  return {
    summary: `Open ${roleArn} in ${environment.name} for ${durationText(seconds * 1_000)} without Identity Center, by two people.`,
    steps: [
      { kind: 'local', what: `ask who the two are: one with the key of ${userArn}, the other ${devices}` },
      {
        kind: 'local',
        what:
          tier.vaultItem === undefined
            ? 'have the key typed, without echo'
            : `read the key out of Bitwarden's ${tier.vaultItem} (bw), or have it typed, without echo`,
      },
      { kind: 'aws', call: 'sts GetCallerIdentity', action: undefined, why: 'is it the key of that user?' },
      { kind: 'local', what: 'write the opening to the journal, and what is to be told to the disk' },
      { kind: 'local', what: 'tell the incidents channel in Slack; what can’t be told yet is told later' },
      { kind: 'local', what: 'ask the second person for the code of the device, without echo' },
      {
        kind: 'aws',
        call: 'sts AssumeRole',
        action: 'sts:AssumeRole',
        resource: roleArn,
        why: 'with the code, in both names, with tier, incident and reason',
      },
      { kind: 'local', what: `run ${what} with the role` },
      { kind: 'local', what: 'say that the key is to be replaced: forge breakglass rotate' },
    ],
    equivalents: [
      `aws sts assume-role --role-arn ${roleArn} --role-session-name <a+b> --source-identity <a+b> --duration-seconds ${seconds} --serial-number <device> --token-code <code> --tags ${pairs.join(' ')}   # with the key of ${userArn.split('/').at(-1)}`,
    ],
  };
}

/** What `--plan` says of the key's replacement; pure. */
export function rotationSteps({ vaultItem, mfaDevices }: Tier, userArn: string): Plan {
  const vault = vaultItem === undefined ? 'a vault' : `Bitwarden's ${vaultItem}`;
  const iam = (operation: string, why: string) =>
    ({ kind: 'aws', call: `iam ${operation}`, action: `iam:${operation}`, resource: userArn, why }) as const;
  return {
    summary: `Replace the key of ${userArn}, by two people.`,
    steps: [
      { kind: 'local', what: `read the key out of ${vault}, or have it typed, without echo` },
      { kind: 'aws', call: 'sts GetCallerIdentity', action: undefined, why: 'is it the key of that user?' },
      { kind: 'local', what: `ask for the code of the MFA device (${[...mfaDevices.keys()].join(', ')})` },
      { kind: 'aws', call: 'sts GetSessionToken', action: undefined, why: 'IAM changes keys with MFA only' },
      iam('ListAccessKeys', 'what an earlier run left is finished first'),
      iam('CreateAccessKey', 'the new key'),
      { kind: 'aws', call: 'sts GetCallerIdentity', action: undefined, why: 'until the new key works' },
      { kind: 'local', what: `put it into ${vault}, and read it back` },
      iam('UpdateAccessKey', 'the old key off'),
      {
        kind: 'aws',
        call: 'sts GetCallerIdentity',
        action: undefined,
        why: 'until the old key does not work',
      },
      iam('DeleteAccessKey', 'the old key away'),
    ],
    equivalents: [],
  };
}
