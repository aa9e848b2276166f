import { existsSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/replace-file.ts';
import { openRunFolder, type RunFolder } from '../../files/run-folder.ts';
import type { Host } from '../../host.ts';
import type { ActiveGrant, Ending } from './active-grant.ts';

/** A session that runs on this machine, as the forges outside it can know it. */
export interface OpenSession extends Pick<ActiveGrant, 'id' | 'tier' | 'environment' | 'reason' | 'endsAt'> {
  /** Of the forge that holds it. */
  readonly pid: number;
}

const kind = 'breakglass';
const description = 'session.json';
/** In the session's folder: when it ends, epoch seconds on one line, for the prompt. */
export const endsAtName = 'ends-at';
/** Whoever can write it is the person: the folder is theirs alone. */
const order = 'end';
/** Its session asks at once how long the grant lasts, and not only when it would have. */
const look = 'look';

type FolderHost = Pick<Host, 'directories' | 'platform' | 'userId' | 'pid' | 'isRunning'>;

/** A folder in which this run says what it holds, and is told to end. There is nothing secret in it. */
export async function openSessionFolder(host: FolderHost, grant: ActiveGrant): Promise<RunFolder> {
  const folder = await openRunFolder(host, kind);
  await describeSession(host, folder.path, grant);
  return folder;
}

/** What others on this machine see, and the shell's prompt; again where the end has moved. */
export async function describeSession(
  { pid }: Pick<Host, 'pid'>,
  folder: string,
  grant: Pick<ActiveGrant, 'id' | 'tier' | 'environment' | 'reason' | 'endsAt'>,
): Promise<void> {
  const { id, tier, environment, reason, endsAt } = grant;
  const session: OpenSession = { id, tier, environment, reason, endsAt, pid };
  // At once: others read them at any time.
  await replaceFile(join(folder, description), JSON.stringify(session), { mode: 0o600 });
  await replaceFile(join(folder, endsAtName), `${Math.floor(endsAt / 1_000)}\n`, { mode: 0o600 });
}

/** Those that run now. */
export async function listOpenSessions(host: FolderHost): Promise<readonly OpenSession[]> {
  return (await findFolders(host)).map(({ session }) => session);
}

/** Tells sessions of this person on this machine to end; they do within a second. Answers those that were told. */
export async function endOpenSessions(
  host: FolderHost,
  ending: Pick<Ending, 'why'> & { readonly why: 'ended' | 'signed-out' },
  which: (session: OpenSession) => boolean = () => true,
): Promise<readonly OpenSession[]> {
  const chosen = (await findFolders(host)).filter(({ session }) => which(session));
  for (const { path } of chosen) {
    // Gone: it has ended by itself.
    await writeFile(join(path, order), ending.why, { mode: 0o600 }).catch(() => {});
  }
  return chosen.map(({ session }) => session);
}

/** Tells sessions on this machine that their grant may have been prolonged. */
export async function wakeOpenSessions(
  host: FolderHost,
  which: (session: OpenSession) => boolean,
): Promise<void> {
  for (const { path, session } of await findFolders(host))
    if (which(session)) await writeFile(join(path, look), '', { mode: 0o600 }).catch(() => {});
}

/** Whether the session in this folder was told so, since it was asked last. */
export function wasWoken(folder: string): boolean {
  const path = join(folder, look);
  if (!existsSync(path)) return false;
  rmSync(path, { force: true });
  return true;
}

/** What the session in this folder was told. */
export function findOrder(folder: string): Ending | undefined {
  const path = join(folder, order);
  if (!existsSync(path)) return undefined;
  // Empty: it is being written.
  const word = readFileSync(path, 'utf8');
  return word === 'signed-out' || word === 'ended' ? { why: word } : undefined;
}

async function findFolders(
  host: FolderHost,
): Promise<readonly { readonly path: string; readonly session: OpenSession }[]> {
  const parent = join(host.directories.cache, kind);
  const names = await readdir(parent).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(parent, name);
      const session = parse(await readFile(join(path, description), 'utf8').catch(() => ''));
      return session !== undefined && host.isRunning(session.pid) ? [{ path, session }] : [];
    }),
  );
  return found.flat();
}

function parse(text: string): OpenSession | undefined {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { id, tier, environment, reason, endsAt, pid } = value;
    const whole =
      [id, environment, reason].every((word) => typeof word === 'string') &&
      [tier, endsAt, pid].every((number) => typeof number === 'number');
    return whole ? (value as unknown as OpenSession) : undefined;
  } catch {
    return undefined;
  }
}
