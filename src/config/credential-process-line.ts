import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { quotePosix } from '../lib/quote-posix.ts';

/**
 * The value of `credential_process` for an environment. Node, forge and forge.yaml by absolute path: programs that
 * ask have another PATH and another working folder, where the name could mean another environment. `reason`: what
 * production asks for, and nobody is there to say.
 */
export function credentialProcessLine(
  host: Pick<Host, 'program' | 'platform'>,
  configPath: string,
  environment: string,
  reason: string | undefined,
): string {
  const { node, script } = host.program;
  const words = [node, script, 'credentials', environment, '--config', configPath];
  if (reason !== undefined) words.push('--reason', reason);
  return words.map((word) => quoted(word, host.platform)).join(' ');
}

/**
 * The AWS CLI splits the line as a shell would, the SDKs give it to one (sh, cmd.exe): what is written must mean the
 * same to all of them, and hold no comment and no line end to the readers of the file.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
function quoted(word: string, platform: NodeJS.Platform): string {
  const unfit = platform === 'win32' ? /[\p{Cc}"%]|\s[#;]/u : /\p{Cc}|\s[#;]/u;
  if (unfit.test(word)) {
    throw new ForgeError('usage', `The path ${JSON.stringify(word)} can't be written into ~/.aws/config.`, {
      code: 'UNFIT_PATH',
      hint: 'Move it to a path of letters, digits and spaces.',
    });
  }
  if (platform === 'win32') return /^[\w.:\\/@+-]+$/.test(word) ? word : `"${word}"`;
  if (/^[\w./@:+=,-]+$/.test(word)) return word;
  if (/^[^"$`\\]+$/.test(word)) return `"${word}"`;
  return quotePosix(word);
}
