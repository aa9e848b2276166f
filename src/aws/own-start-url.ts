import { ForgeError } from '../errors.ts';
import { isLoopback } from './endpoint.ts';
import { isAwsHost } from './portal-host.ts';

/** Whether it has to be asked where it leads: an organisation's own address, and none of AWS. Throws UNSAFE_START_URL. */
export function isOwnStartUrl(startUrl: string): boolean {
  return !isAwsHost(parseStartUrl(startUrl).hostname);
}

export function parseStartUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // What answers unencrypted anybody on the way can answer, and lead people to a portal of their own.
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url !== undefined && safe && url.username === '' && url.password === '') return url;
  throw new ForgeError('usage', `"${text}" can't be a start URL: it must be an https:// address.`, {
    code: 'UNSAFE_START_URL',
    hint: "Correct start_url in forge.yaml, or sso_start_url in ~/.aws/config. AWS's own look like https://d-1234567890.awsapps.com/start.",
  });
}
