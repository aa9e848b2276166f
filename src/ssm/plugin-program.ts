import { ForgeError } from '../errors.ts';
import { findProgram } from '../files/find-program.ts';
import type { Host } from '../host.ts';
import { compareVersions } from './agent-version.ts';

/** The last one that takes a session's token in its arguments alone, where every user of the machine reads it. */
const lastWithoutVariable = '1.2.497.0';
const patienceMs = 10_000;
const install =
  'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';
const without = 'Or leave out --transport plugin (FORGE_SSM_TRANSPORT): forge speaks to the agent itself.';

/**
 * Path of AWS's own session-manager-plugin in PATH, one that takes the token in a variable. Throws failed
 * PLUGIN_MISSING, PLUGIN_TOO_OLD, PLUGIN_FAILED.
 */
export async function findPlugin(host: Pick<Host, 'env' | 'platform' | 'spawn'>): Promise<string> {
  const path = findProgram(host, 'session-manager-plugin');
  if (path === undefined) {
    throw new ForgeError('failed', 'session-manager-plugin is not installed.', {
      code: 'PLUGIN_MISSING',
      hint: `Install it: ${install}\n${without}`,
    });
  }
  const version = (await versionOf(host, path)).trim();
  const order = compareVersions(fourNumbers(version), lastWithoutVariable);
  if (order === undefined) {
    throw new ForgeError('failed', `${path} does not say its version.`, {
      code: 'PLUGIN_FAILED',
      hint: `Try: session-manager-plugin --version\n${without}`,
    });
  }
  if (order > 0) return path;
  throw new ForgeError(
    'failed',
    `session-manager-plugin ${version} is too old: it takes a session's token in its arguments, where others see it.`,
    { code: 'PLUGIN_TOO_OLD', hint: `Install a newer one: ${install}\n${without}` },
  );
}

/** `1.2` as `1.2.0.0`. */
function fourNumbers(version: string): string {
  const parts = version.split('.');
  return [...parts, '0', '0', '0'].slice(0, Math.max(4, parts.length)).join('.');
}

function versionOf(host: Pick<Host, 'spawn'>, path: string): Promise<string> {
  return new Promise((resolve) => {
    const child = host.spawn(path, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.length < 100) text += chunk;
    });
    // It did not start: there is no version in nothing.
    child.once('error', () => resolve(''));
    child.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}
