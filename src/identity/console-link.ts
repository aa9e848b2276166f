import type { SignIn } from '../config/config.ts';
import { ForgeError } from '../errors.ts';

export interface ConsoleLink {
  readonly signIn: Pick<SignIn, 'startUrl'>;
  readonly account: string;
  readonly permissionSet: string;
  /** A page of the console. */
  readonly destination: string | undefined;
}

/** The portal's own deep link: no secret is in it, and who opens it signs in (again) as themselves. */
export function consoleLink({ signIn, account, permissionSet, destination }: ConsoleLink): string {
  const query = new URLSearchParams({ account_id: account, role_name: permissionSet });
  if (destination !== undefined) query.set('destination', consolePage(destination));
  return `${signIn.startUrl.replace(/[/#]+$/, '')}/#/console?${query}`;
}

/** Only pages of AWS: the link carries a person's sign-in to wherever it leads. */
function consolePage(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isConsole =
    url?.protocol === 'https:' &&
    url.username === '' &&
    /(?:^|\.)(?:aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn)$/.test(url.hostname);
  if (url !== undefined && isConsole) return url.href;
  throw new ForgeError('usage', `${JSON.stringify(text)} is no page of the AWS console.`, {
    code: 'INVALID_DESTINATION',
    hint: 'For example: --destination https://us-east-1.console.aws.amazon.com/rds/home',
  });
}
