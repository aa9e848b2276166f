import { findProgram } from '../../files/find-program.ts';
import type { Host } from '../../host.ts';

type Version = readonly [number, number];

/** From here on the AWS CLI goes where AWS_ENDPOINT_URL says: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html */
const firstToFollow: ReadonlyMap<number, number> = new Map([
  [1, 29],
  [2, 13],
]);
const longestWaitMs = 2_000;

/**
 * A sentence when the `aws` in PATH would leave the sandbox and call AWS. Undefined when it stays, is not installed,
 * or does not say its version in time.
 */
export async function warnOfOldAwsCli(
  host: Pick<Host, 'spawn' | 'env' | 'platform'>,
): Promise<string | undefined> {
  const program = findProgram(host, 'aws');
  if (program === undefined) return undefined;
  const version = parseAwsCliVersion(await askVersion(host, program));
  if (version === undefined) return undefined;
  const [major, minor] = version;
  const first = firstToFollow.get(major);
  if (first === undefined || minor >= first) return undefined;
  return `The aws in your PATH is ${major}.${minor}, which does not know AWS_ENDPOINT_URL: in here it would call AWS itself. From ${major}.${first} on it stays in the sandbox.`;
}

/** `aws-cli/2.15.30 Python/3.11.8 …` → 2 and 15. */
export function parseAwsCliVersion(text: string): Version | undefined {
  const [, major, minor] = /^aws-cli\/(\d{1,4})\.(\d{1,4})\./.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

/** Early versions 1 said it on stderr. */
function askVersion(host: Pick<Host, 'spawn'>, program: string): Promise<string> {
  return new Promise((resolve) => {
    const child = host.spawn(program, ['--version'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      // Something that it started may hold the pipes.
      resolve('');
    }, longestWaitMs);
    let text = '';
    const add = (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(0, 1_000);
    };
    child.stdout?.on('data', add);
    child.stderr?.on('data', add);
    const settle = () => {
      clearTimeout(timer);
      resolve(text);
    };
    child.on('error', settle);
    child.on('close', settle);
  });
}
