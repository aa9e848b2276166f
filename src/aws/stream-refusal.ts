import { ForgeError } from '../errors.ts';
import type { Secret } from '../lib/secret.ts';
import { awsSuffixes, isLoopback } from './endpoint.ts';

/**
 * Why an address that StartSession or ResumeSession gave is not taken: whoever it belongs to gets the session's token
 * and everything said in it. It is ssmmessages of the region; where the endpoint of SSM is not AWS's own, because a
 * person said so, it may also be that very host, or its neighbour of that name.
 */
export function streamRefusal(
  streamUrl: Secret,
  ssmEndpoint: string,
  region: string,
): ForgeError | undefined {
  const url = parseUrl(streamUrl.reveal());
  if (url === undefined) return refusal('can not be read');
  if (url.username !== '' || url.password !== '' || url.hash !== '') return refusal('is not one of AWS');
  const standardPort = url.port === '' || url.port === '443';
  if (url.protocol === 'wss:' && standardPort && isAwsHost(url.hostname, 'ssmmessages', region))
    return undefined;
  const asked = new URL(ssmEndpoint).hostname;
  const own = !isAwsHost(asked, 'ssm', region);
  const hosts = [asked, asked.replace(/^ssm(?=[.-])/, 'ssmmessages')];
  const same = hosts.includes(url.hostname) || (isLoopback(url.hostname) && isLoopback(asked));
  if (own && same && (url.protocol === 'wss:' || url.protocol === 'ws:')) return undefined;
  return refusal(`leads to ${url.host}, which is not AWS's for sessions in ${region}`);
}

/** Also the private endpoints of a VPC: `vpce-….ssmmessages.us-east-1.vpce.amazonaws.com`. */
function isAwsHost(host: string, service: 'ssm' | 'ssmmessages', region: string): boolean {
  return awsSuffixes(region).some((suffix) =>
    [`${region}.${suffix}`, `${region}.vpce.${suffix}`].some((place) =>
      [service, `${service}-fips`].some(
        (name) => host === `${name}.${place}` || host.endsWith(`.${name}.${place}`),
      ),
    ),
  );
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function refusal(why: string): ForgeError {
  return new ForgeError('failed', `The address of the session's data channel ${why}.`, {
    code: 'UNSAFE_STREAM_URL',
    hint: 'Check what answers in place of AWS: AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SSM, HTTPS_PROXY.',
  });
}
