import { delimiter, join } from 'node:path';
import { ForgeError } from '../../errors.ts';
import type { Environment } from '../../host.ts';
import { nearest } from '../../lib/nearest.ts';
import { slackPath } from '../machine/slack.ts';
import type { SandboxPerson, SandboxState } from './sandbox-state.ts';

/** By nickname or user name; without one, dana, a developer. */
export function findPerson(state: SandboxState, name: string | undefined): SandboxPerson {
  const wanted = (name ?? 'dana').toLowerCase();
  const found = state.people.find(
    (person) => person.nickname === wanted || person.userName.toLowerCase() === wanted,
  );
  if (found !== undefined) return found;
  const nicknames = state.people.map((person) => person.nickname);
  const near = nearest(wanted, nicknames);
  throw new ForgeError('usage', `There is no ${name} in the sandbox.`, {
    code: 'UNKNOWN_PERSON',
    hint: near === undefined ? `There are: ${nicknames.join(', ')}` : `Did you mean: --as ${near}`,
  });
}

/**
 * The environment of a program in the sandbox: everything AWS, forge and PostgreSQL comes from the sandbox, and
 * nothing of the person's own is left, so that no command in there can reach the real AWS by accident.
 */
export function sandboxEnvironment(
  state: SandboxState,
  person: SandboxPerson,
  outer: Environment,
  platform: NodeJS.Platform,
): Record<string, string | undefined> {
  const kept = Object.entries(outer).filter(([name]) => !foreign.test(name));
  // Windows calls it Path, and looks names up without regard to case.
  const pathName = kept.find(([name]) => name.toUpperCase() === 'PATH')?.[0] ?? 'PATH';
  const path = [join(state.folder, 'bin'), outer[pathName]].filter(Boolean).join(delimiter);
  return {
    ...Object.fromEntries(kept),
    [pathName]: path,
    HOME: person.home,
    ...(platform === 'win32'
      ? {
          USERPROFILE: person.home,
          APPDATA: join(person.home, 'AppData', 'Roaming'),
          LOCALAPPDATA: join(person.home, 'AppData', 'Local'),
        }
      : {}),
    AWS_ENDPOINT_URL: state.url,
    AWS_REGION: 'us-east-1',
    // The AWS CLI v1 reads only this one.
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    // A company's proxy can't reach this machine's loopback.
    NO_PROXY: withLoopback(outer.NO_PROXY ?? outer.no_proxy),
    no_proxy: withLoopback(outer.no_proxy ?? outer.NO_PROXY),
    FORGE_CONFIG: state.config,
    FORGE_SANDBOX: state.folder,
    FORGE_SLACK_WEBHOOK: `${state.url}${slackPath}`,
    PGHOSTADDR: '127.0.0.1',
    PGSSLROOTCERT: state.authority,
    PGSSLMODE: 'verify-full',
  };
}

/** What would lead out of the sandbox. XDG_* point into the person's real home. */
const foreign =
  /^(?:AWS_|PG|FORGE_|XDG_(?:CONFIG|CACHE|STATE|DATA)_HOME$|KUBECONFIG$|(?:no_proxy|NO_PROXY)$)/;

function withLoopback(list: string | undefined): string {
  return [...new Set([...(list ?? '').split(',').filter(Boolean), '127.0.0.1', 'localhost'])].join(',');
}
