import { join } from 'node:path';
import { withFileLock } from '../../files/file-lock.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import { readOwnFile } from '../../files/read-own-file.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';
import { durationText } from '../../lib/duration-text.ts';
import { parseJsonObject } from '../../lib/json-object.ts';

/** A key that tier 3 was opened with: more people than its keeper have seen the need for it, so it is to be replaced. */
export interface DueRotation {
  readonly userArn: string;
  /** Not secret. */
  readonly accessKeyId: string;
  /** Epoch milliseconds. */
  readonly usedAt: number;
}

type MemoryHost = Pick<
  Host,
  'directories' | 'platform' | 'userId' | 'pid' | 'now' | 'monotonic' | 'signal' | 'isRunning'
>;

/** What can't be read is no reason to fail: the server side reminds too. */
export async function listDueRotations(
  host: Pick<Host, 'directories' | 'platform' | 'userId'>,
): Promise<readonly DueRotation[]> {
  try {
    const { due } = parseJsonObject((await readOwnFile(host, fileOf(host))) ?? '') ?? {};
    return Array.isArray(due) ? due.filter(isDue) : [];
  } catch {
    return [];
  }
}

export function rememberDueRotation(host: MemoryHost, due: DueRotation): Promise<void> {
  return change(host, (all) => [...all.filter((one) => one.accessKeyId !== due.accessKeyId), due]);
}

/** All keys of the user but this one are gone. */
export async function forgetDueRotations(
  host: MemoryHost,
  userArn: string,
  accessKeyId: string,
): Promise<void> {
  const isOver = (one: DueRotation) => one.userArn === userArn && one.accessKeyId !== accessKeyId;
  if ((await listDueRotations(host)).some(isOver))
    await change(host, (all) => all.filter((one) => !isOver(one)));
}

export function rotationSentence({ userArn, usedAt }: DueRotation, now: number): string {
  const user = userArn.split('/').at(-1);
  return `The key of ${user} was used ${durationText(Math.max(0, now - usedAt))} ago and is to be replaced: forge breakglass rotate`;
}

async function change(
  host: MemoryHost,
  make: (all: readonly DueRotation[]) => readonly DueRotation[],
): Promise<void> {
  const folder = join(host.directories.state, 'breakglass');
  await ensurePrivateDirectory(host, folder);
  await withFileLock(host, join(folder, 'rotations'), async () => {
    const due = make(await listDueRotations(host));
    await replaceFile(fileOf(host), JSON.stringify({ v: 1, due }), { mode: 0o600 });
  });
}

const fileOf = ({ directories }: Pick<Host, 'directories'>) =>
  join(directories.state, 'breakglass', 'rotations.json');

function isDue(value: unknown): value is DueRotation {
  const { userArn, accessKeyId, usedAt } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof userArn === 'string' && typeof accessKeyId === 'string' && Number.isFinite(usedAt);
}
