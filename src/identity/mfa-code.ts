import { ForgeError } from '../errors.ts';
import type { IdentityParts } from './identity-parts.ts';

/** Gives the code of an MFA device, asking when none was given. AWS takes each code once, so each is given once. */
export type MfaCodes = (serialNumber: string) => Promise<string>;

export function mfaCodes(
  { host, prompt }: Pick<IdentityParts, 'host' | 'prompt'>,
  option: string | undefined,
): MfaCodes {
  let given = option ?? (host.env.FORGE_MFA_CODE || undefined);
  if (given !== undefined) checkCode(given);
  return async (serialNumber) => {
    const code = given ?? (await ask(serialNumber));
    given = undefined;
    checkCode(code);
    return code;
  };

  function ask(serialNumber: string): Promise<string> {
    const message = `MFA code of ${serialNumber}`;
    return prompt.secret({
      message,
      flag: 'FORGE_MFA_CODE=<six digits>, or --mfa-code where the command takes it',
    });
  }
}

function checkCode(code: string): void {
  if (/^\d{6}$/.test(code)) return;
  throw new ForgeError('usage', 'An MFA code has six digits.', {
    code: 'INVALID_MFA_CODE',
    hint: 'Give the code that the device shows now, with --mfa-code or FORGE_MFA_CODE.',
  });
}
