import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivedHex } from '../../issued-keys.ts';
import { type KubernetesObject, listAt, textAt } from './json.ts';

/**
 * What stands for containers: folders of this machine, in which programs run as whoever runs the sandbox. They see
 * an environment of their own and nothing of forge's.
 */
export interface Containers extends AsyncDisposable {
  /** Made when it is first asked for. */
  open(pod: KubernetesObject, container: string): Promise<OpenContainer>;
}

export interface OpenContainer {
  readonly home: string;
  readonly env: Record<string, string>;
  /** Whether there is such a program to be executed. */
  hasProgram(command: string): Promise<boolean>;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function createContainers(folder?: string): Containers {
  let root: Promise<string> | undefined;
  const findRoot = () => {
    root ??= folder === undefined ? mkdtemp(join(tmpdir(), 'forge-containers-')) : Promise.resolve(folder);
    return root;
  };
  return {
    async open(pod, container) {
      const name = textAt(pod, 'metadata', 'name');
      // A pod that comes again has nothing of what was in the one before.
      const home = join(await findRoot(), derivedHex(`${textAt(pod, 'metadata', 'uid')}:${container}`, 24));
      await mkdir(home, { recursive: true, mode: 0o700 });
      const env = { ...environmentOf(pod, container), ...fixedEnvironment(name, home) };
      return { home, env, hasProgram: (command) => hasProgram(command, home) };
    },
    async [Symbol.asyncDispose]() {
      if (root === undefined) return;
      await rm(await root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

const fixedEnvironment = (pod: string, home: string): Record<string, string> => ({
  PATH: searchPath,
  HOME: home,
  TERM: 'xterm',
  LANG: 'C.UTF-8',
  SHELL: '/bin/sh',
  HOSTNAME: pod,
  KUBERNETES_SERVICE_HOST: '172.20.0.1',
  KUBERNETES_SERVICE_PORT: '443',
  PS1: `${pod}:$PWD$ `,
});

/** The plain values of the container's own `env`. */
function environmentOf(pod: KubernetesObject, container: string): Record<string, string> {
  const found = listAt(pod, 'spec', 'containers').find((entry) => textAt(entry, 'name') === container);
  const pairs = listAt(found, 'env').flatMap((entry) => {
    const name = textAt(entry, 'name');
    const value = textAt(entry, 'value');
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes('\0') ? [[name, value] as const] : [];
  });
  return Object.fromEntries(pairs);
}

async function hasProgram(command: string, home: string): Promise<boolean> {
  if (command === '' || command.includes('\0')) return false;
  const places = command.includes('/')
    ? [join(home, command)]
    : searchPath.split(':').map((place) => join(place, command));
  if (command.startsWith('/')) places[0] = command;
  for (const place of places) {
    const executable = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable && (await stat(place).catch(() => undefined))?.isFile()) return true;
  }
  return false;
}
