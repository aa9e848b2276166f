import type { Tier } from '../../config/break-glass.ts';
import { ForgeError } from '../../errors.ts';

/** Who opens tier 3: nobody can alone. */
export interface OfflinePeople {
  /** At the keyboard, with the key. */
  readonly keyHolder: string;
  /** With the MFA device. */
  readonly deviceHolder: string;
  /** Serial number of that device. */
  readonly mfaSerial: string;
  /** Both, as the trust policy wants them: `sam+sven`. */
  readonly both: string;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: SourceIdentity is [\w+=,.@-]{2,64}. */
const longest = 64;

/** Throws usage for names that AWS or the rules refuse; `keyHolder` and `deviceHolder` as typed. */
export function offlinePeople(tier: Tier, keyHolder: string, deviceHolder: string): OfflinePeople {
  const [first, second] = [nameOf(keyHolder), nameOf(deviceHolder)];
  if (localPart(first) === localPart(second)) {
    throw usage('ONE_PERSON', `${first} and ${second} are one person: tier ${tier.name} takes two.`, {
      hint: 'One has the key, another the MFA device. Name both: --people sam,sven',
    });
  }
  const mfaSerial = [...tier.mfaDevices].find(
    ([name]) => localPart(name.toLowerCase()) === localPart(second),
  )?.[1];
  if (mfaSerial === undefined) {
    throw usage('NO_MFA_DEVICE', `forge.yaml names no MFA device that ${second} holds.`, {
      hint: `Devices are held by: ${[...tier.mfaDevices.keys()].join(', ') || 'nobody'}`,
    });
  }
  const both = `${first}+${second}`;
  if (both.length <= longest) return { keyHolder: first, deviceHolder: second, mfaSerial, both };
  throw usage('NAMES_TOO_LONG', `AWS takes ${longest} characters of both names together.`, {
    hint: 'Leave out what follows the @.',
  });
}

/** `sam,sven` → both. */
export function splitPeople(text: string): readonly [string, string] {
  const [first, second, ...more] = text.split(',').map((name) => name.trim());
  if (first && second && more.length === 0) return [first, second];
  throw usage('TWO_PEOPLE', 'Two people open this together.', {
    hint: 'Name who has the key, then who has the MFA device: --people sam,sven',
  });
}

function nameOf(typed: string): string {
  const name = typed.trim().toLowerCase();
  if (/^[\w.=@-]{2,61}$/.test(name)) return name;
  throw usage('INVALID_NAME', `${JSON.stringify(typed)} is no name that AWS takes here.`, {
    hint: 'Letters without accents, digits and . _ - @ =, e.g. sam or sam@tapp.example',
  });
}

/** The same person, with and without the domain. */
const localPart = (name: string): string => name.split('@')[0] ?? name;

function usage(code: string, message: string, { hint }: { readonly hint: string }): ForgeError {
  return new ForgeError('usage', message, { code, hint });
}
