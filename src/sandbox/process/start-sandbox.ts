import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileFailure } from '../../files/file-failure.ts';
import type { Host } from '../../host.ts';
import { startAwsEndpoint } from '../aws/aws-endpoint.ts';
import { clusterEndpoint } from '../aws/eks/cluster-endpoint.ts';
import { createKubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import type { HandlersOptions } from '../machine/connect-handlers.ts';
import { groupsOf } from '../organisation.ts';
import { type Postgres, startPostgres } from '../postgres/start-postgres.ts';
import { createWorld, type World } from '../world.ts';
import { startControlServer } from './control.ts';
import { offlineUser, writeOfflineProfile } from './offline-profile.ts';
import { makeSandboxFolder, removeSandboxFolder } from './sandbox-folder.ts';
import { type SandboxState, saveSandboxState } from './sandbox-state.ts';
import { startFronts } from './start-fronts.ts';
import { startKubernetesFronts } from './start-kubernetes-fronts.ts';
import { clusterName, databaseName, sandboxConfig } from './write-config.ts';
import { writeLauncher } from './write-launcher.ts';

export interface Sandbox extends AsyncDisposable {
  readonly state: SandboxState;
  readonly world: World;
  readonly postgres: Postgres;
  /** Settles with the reason when it should end: asked to, PostgreSQL gone, nobody used it for long. */
  readonly over: Promise<'it was asked to' | 'its PostgreSQL ended' | 'nobody used it for 12 hours'>;
}

/** A forgotten sandbox ends by itself. */
const idleMilliseconds = 12 * 3_600_000;

/** Everything of the sandbox in this process (PostgreSQL beside it), listening on 127.0.0.1 only. */
export async function startSandbox(host: Host, folder: string): Promise<Sandbox> {
  const opened: AsyncDisposable[] = [];
  const keep = <Thing extends AsyncDisposable>(thing: Thing): Thing => {
    opened.push(thing);
    return thing;
  };
  const close = async () => {
    for (const thing of opened.splice(0).reverse()) await thing[Symbol.asyncDispose]();
  };
  try {
    await makeSandboxFolder(host, folder);
    keep({ [Symbol.asyncDispose]: () => removeSandboxFolder(folder) });
    const world = createWorld({ now: host.now });
    const adminToken = randomBytes(24).toString('base64url');
    // PostgreSQL takes longest: the rest is set up beside it.
    const starting = startPostgres(
      host,
      world.organisation.clusters.map((cluster) => ({
        name: cluster.databaseName,
        users: cluster.databaseUsers,
      })),
    );
    starting.catch(() => {});
    keep({
      [Symbol.asyncDispose]: async () => (await starting.catch(() => undefined))?.[Symbol.asyncDispose](),
    });
    const fronts = keep(await startFronts(host, world, starting));
    const kubernetes = keep(
      await startKubernetesFronts(host, world, (cluster) =>
        createKubernetesApi(cluster, {
          now: world.now,
          containersFolder: join(folder, 'containers', cluster.name),
        }),
      ),
    );
    const aws = keep(
      await startAwsEndpoint({
        world,
        adminToken,
        instancesFolder: join(folder, 'instances'),
        handlers: await handlersOf(host, folder),
      }),
    );
    const control = keep(await startControlServer(adminToken));
    const state = await writeState(host, world, folder, {
      url: aws.url,
      adminToken,
      controlPort: control.port,
      authority: fronts.authority,
    });
    const postgres = await starting;
    host.signal.throwIfAborted();
    const idle = keep(watchIdleness(host, world, () => fronts.connections() + kubernetes.connections()));
    keep(writeLog(world, state.log));
    // Last: whoever finds this file may use the sandbox.
    await saveSandboxState(state);
    return {
      state,
      world,
      postgres,
      over: Promise.race([
        control.stopRequested.then(() => 'it was asked to' as const),
        postgres.ended.then(() => 'its PostgreSQL ended' as const),
        idle.idle.then(() => 'nobody used it for 12 hours' as const),
      ]),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The functions' archive that ships beside forge's own bundle. Loaded when the first event wants it. */
async function handlersOf(host: Host, folder: string): Promise<HandlersOptions> {
  const script = await realpath(host.program.script).catch(() => host.program.script);
  const log = join(folder, 'handlers.log');
  return {
    archive: join(dirname(script), '..', 'dist', 'lambda', 'forge-breakglass.zip'),
    // In the sandbox's own folder: who kills the sandbox leaves it to the next start or stop.
    folder,
    log: (line) => void appendFile(log, `${line}\n`, { mode: 0o600 }).catch(() => {}),
  };
}

async function writeState(
  host: Host,
  world: World,
  folder: string,
  facts: Pick<SandboxState, 'url' | 'adminToken' | 'controlPort' | 'authority'>,
): Promise<SandboxState> {
  const { organisation } = world;
  const authority = join(folder, 'ca.pem');
  const config = join(folder, 'forge.yaml');
  const people = organisation.people.map((person) => {
    const { nickname, userName, displayName, title } = person;
    const groups = groupsOf(organisation, person).map(({ name }) => name);
    const home = join(folder, 'homes', nickname);
    return { nickname, userName, displayName, title, groups, home };
  });
  const offline = offlineUser(world);
  try {
    for (const person of people) {
      await mkdir(person.home, { recursive: true, mode: 0o700 });
      if (person.nickname === offline.keeper) await writeOfflineProfile(person.home, offline);
    }
    await writeFile(authority, facts.authority, { mode: 0o600 });
    await writeFile(config, sandboxConfig(organisation, authority), { mode: 0o600 });
    await writeLauncher(host, folder);
  } catch (error) {
    throw fileFailure(error, 'write into', folder);
  }
  const accountOf = (id: string) => organisation.accounts.find((entry) => entry.id === id);
  const databases = organisation.clusters.map((cluster) => {
    const account = accountOf(cluster.account);
    const environment = account?.name ?? cluster.account;
    return {
      target: `${environment}/${databaseName(cluster, environment, account?.production ?? false)}`,
      endpoint: cluster.endpoint,
      readerEndpoint: cluster.readerEndpoint,
      port: cluster.port,
      database: cluster.databaseName,
      users: cluster.databaseUsers.map((user) => user.name),
    };
  });
  const clusters = organisation.eksClusters.map((cluster) => ({
    target: `${accountOf(cluster.account)?.name ?? cluster.account}/${clusterName}`,
    cluster: cluster.name,
    endpoint: clusterEndpoint(cluster),
    publicAccess: cluster.publicAccess,
  }));
  const log = join(folder, 'sandbox.log');
  const known = { pid: host.pid, folder, startedAt: host.now(), authority, config, log };
  return { ...facts, ...known, people, databases, clusters, offline };
}

/** What happened, one JSON line each: the only place that says why a database refused somebody. */
function writeLog(world: World, file: string): AsyncDisposable {
  let last: Promise<void> = Promise.resolve();
  const subscription = world.events.subscribe((event) => {
    last = last
      .then(() => appendFile(file, `${JSON.stringify(event)}\n`, { mode: 0o600 }))
      // A full disk must not end the sandbox.
      .catch(() => {});
  });
  return {
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await last;
    },
  };
}

function watchIdleness(
  host: Pick<Host, 'now'>,
  world: World,
  connections: () => number,
): AsyncDisposable & { readonly idle: Promise<void> } {
  let lastUse = host.now();
  const subscription = world.events.subscribe(() => {
    lastUse = host.now();
  });
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (connections() > 0) lastUse = host.now();
      if (host.now() - lastUse >= idleMilliseconds) resolve();
    }, 60_000);
  });
  return {
    idle,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      subscription[Symbol.dispose]();
    },
  };
}
