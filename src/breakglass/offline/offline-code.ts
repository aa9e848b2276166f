import { awsErrorName } from '../../aws/aws-error.ts';
import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { OfflinePeople } from './offline-people.ts';

/** What the second person's device shows now; asked without echo, just before it is used. */
export async function askMfaCode(
  { prompt, output }: Pick<IdentityParts, 'prompt' | 'output'>,
  { deviceHolder, mfaSerial }: OfflinePeople,
): Promise<string> {
  for (;;) {
    const code = await prompt.secret({
      message: `${deviceHolder}, the code of ${mfaSerial} (good once)`,
      flag: 'a terminal',
    });
    if (/^\d{6}$/.test(code.trim())) return code.trim();
    output.warn('A code has six digits.');
  }
}

/** AWS has no name of its own for it. */
export function isWrongCode(error: unknown): boolean {
  const { cause } = error instanceof ForgeError ? error : { cause: undefined };
  return (
    /^AccessDenied/.test(awsErrorName(error) ?? '') &&
    cause instanceof Error &&
    /MultiFactorAuthentication failed with invalid MFA/.test(cause.message)
  );
}
