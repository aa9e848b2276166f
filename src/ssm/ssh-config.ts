import { isAbsolute, join } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import { quotePosix } from '../lib/quote-posix.ts';
import { hostPattern } from './ssh-host.ts';

/** One `Host` block of ssh_config. */
export interface SshHost {
  readonly patterns: readonly string[];
  readonly proxyCommand: string;
  readonly user: string | undefined;
  readonly identityFile: string | undefined;
}

export interface SshConfigRequest {
  readonly environments: readonly string[];
  /** Absolute path of the forge.yaml meant; undefined: there is none. */
  readonly configPath: string | undefined;
  /** --env, --profile, --region, each with its value. */
  readonly settings: readonly string[];
  readonly user: string | undefined;
  readonly identityFile: string | undefined;
}

type ConfigHost = Pick<Host, 'program' | 'platform' | 'directories'>;

/**
 * Hosts by name in each environment, and by id. Of several that match, ssh takes the first: `i-….dev.forge` is a name.
 * Node, forge and forge.yaml by absolute path: ssh runs in any folder. Throws usage UNFIT_PATH, UNFIT_USER.
 */
export function planSshConfig(host: ConfigHost, request: SshConfigRequest): readonly SshHost[] {
  const { environments, configPath, settings } = request;
  const common = {
    user: request.user === undefined ? undefined : userName(request.user),
    identityFile: request.identityFile === undefined ? undefined : identityPath(host, request.identityFile),
  };
  const words = [...(configPath === undefined ? [] : ['--config', configPath]), ...settings];
  const block = (patterns: readonly string[], token: string): SshHost => ({
    patterns,
    proxyCommand: proxyCommand(host, token, words),
    ...common,
  });
  return [
    // ssh changes %h to lower case, and a Name tag need not be.
    ...(environments.length === 0 ? [] : [block(environments.map(hostPattern), '%n')]),
    block(['i-*', 'mi-*'], '%h'),
  ];
}

/** As lines for ~/.ssh/config, without the last line feed. */
export function renderSshConfig(hosts: readonly SshHost[], platform: NodeJS.Platform): string {
  // A host can come from a link or a submodule; older versions of ssh hand a quote in it to the shell as it is.
  const refused = platform === 'win32' ? [] : [`"!*'*"`];
  return hosts
    .map(({ patterns, proxyCommand: command, user, identityFile }) =>
      [
        `Host ${[...patterns, ...refused].join(' ')}`,
        `  ProxyCommand ${command}`,
        ...(user === undefined ? [] : [`  User ${user}`]),
        ...(identityFile === undefined ? [] : [`  IdentityFile "${identityFile.replaceAll('%', '%%')}"`]),
      ].join('\n'),
    )
    .join('\n\n');
}

/** ssh takes the rest of the line as it stands, but for `%`, and gives it to the person's shell. */
function proxyCommand(host: ConfigHost, token: string, words: readonly string[]): string {
  const quote = (word: string) => shellWord(word, host.platform).replaceAll('%', '%%');
  const { node, script } = host.program;
  // What a link or a submodule calls a host is no command of the shell's.
  const named = host.platform === 'win32' ? `"${token}"` : `'${token}'`;
  return [...[node, script, 'ssm', 'ssh-proxy'].map(quote), named, '--port', '%p', ...words.map(quote)].join(
    ' ',
  );
}

function shellWord(word: string, platform: NodeJS.Platform): string {
  const windows = platform === 'win32';
  if (/\p{Cc}/u.test(word) || (windows && word.includes('"'))) throw unfitPath(word);
  if (windows) return /^[\w.:\\/@+=,-]+$/.test(word) ? word : `"${word}"`;
  return /^[\w./@:+=,-]+$/.test(word) ? word : quotePosix(word);
}

function identityPath({ directories, platform }: ConfigHost, path: string): string {
  if (path === '') throw unfitPath(path);
  const whole = isAbsolute(path) || path.startsWith('~/') ? path : join(directories.working, path);
  // ssh on Windows takes both; a backslash would be an escape.
  const plain = platform === 'win32' ? whole.replaceAll('\\', '/') : whole;
  if (/[\p{Cc}"\\]|\$\{/u.test(plain)) throw unfitPath(plain);
  return plain;
}

function userName(user: string): string {
  if (/^[^\p{Cc}\s"'%#$]+$/u.test(user) && !user.includes('\\\\')) return user;
  throw new ForgeError('usage', `The user name ${JSON.stringify(user)} can't be written into ssh_config.`, {
    code: 'UNFIT_USER',
    hint: 'Leave --user out, and name the user to ssh: ssh <user>@<instance>',
  });
}

function unfitPath(path: string): ForgeError {
  return new ForgeError('usage', `The path ${JSON.stringify(path)} can't be written into ssh_config.`, {
    code: 'UNFIT_PATH',
    hint: 'Move it to a path of letters, digits and spaces.',
  });
}
