import { join } from 'node:path';
import { withFileLock } from '../../files/file-lock.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import { readOwnFile } from '../../files/read-own-file.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';
import { durationText } from '../../lib/duration-text.ts';
import { parseJsonObject } from '../../lib/json-object.ts';
import type { Person } from '../protocol/document-parts.ts';
import { isIdentityStoreId, isRequestId, type RequestId, shortId } from '../protocol/ids.ts';

/** A session of this machine whose ticket was to follow, and has not yet. */
export interface DueTicket {
  readonly id: RequestId;
  readonly person: Person;
  /** Name in forge.yaml. */
  readonly environment: string;
  /** Name of its tier. */
  readonly tier: string;
  /** Epoch milliseconds; undefined: the organisation sets no limit. */
  readonly dueAt: number | undefined;
}

type MemoryHost = Pick<
  Host,
  'directories' | 'platform' | 'userId' | 'pid' | 'now' | 'monotonic' | 'signal' | 'isRunning'
>;

/** Those that are missed, the oldest first. What can't be read is no reason to fail. */
export async function listDueTickets(
  host: Pick<Host, 'directories' | 'platform' | 'userId'>,
): Promise<readonly DueTicket[]> {
  try {
    const { due } = parseJsonObject((await readOwnFile(host, fileOf(host))) ?? '') ?? {};
    return Array.isArray(due) ? due.flatMap((one) => parse(one) ?? []) : [];
  } catch {
    return [];
  }
}

export function rememberDueTicket(host: MemoryHost, ticket: DueTicket): Promise<void> {
  return change(host, (all) => [...all.filter(({ id }) => id !== ticket.id), ticket]);
}

/** It is there now. */
export async function forgetDueTicket(host: MemoryHost, id: RequestId): Promise<void> {
  const known = await listDueTickets(host);
  if (known.some((one) => one.id === id)) await change(host, (all) => all.filter((one) => one.id !== id));
}

/** `The ticket of bg-7f3k (tier 0, prod-wealth) is due in 20 min: forge breakglass ticket bg-7f3k INC-123` */
export function dueSentence({ id, tier, environment, dueAt }: DueTicket, now: number): string {
  const left = dueAt === undefined ? undefined : dueAt - now;
  const when =
    left === undefined
      ? 'is still to come'
      : left > 0
        ? `is due in ${durationText(left)}`
        : `is overdue by ${durationText(-left)}`;
  const short = shortId(id);
  return `The ticket of ${short} (tier ${tier}, ${environment}) ${when}: forge breakglass ticket ${short} <ticket>`;
}

/** Two forges at once lose none. */
async function change(
  host: MemoryHost,
  make: (all: readonly DueTicket[]) => readonly DueTicket[],
): Promise<void> {
  const folder = join(host.directories.state, 'breakglass');
  await ensurePrivateDirectory(host, folder);
  await withFileLock(host, join(folder, 'tickets'), async () => {
    const due = make(await listDueTickets(host));
    await replaceFile(fileOf(host), JSON.stringify({ v: 1, due }), { mode: 0o600 });
  });
}

const fileOf = ({ directories }: Pick<Host, 'directories'>) =>
  join(directories.state, 'breakglass', 'tickets.json');

function parse(value: unknown): DueTicket | undefined {
  const { id, person, environment, tier, dueAt } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { userId, userName } = (person ?? {}) as Readonly<Record<string, unknown>>;
  const whole = [id, environment, tier, userId, userName].every((text) => typeof text === 'string');
  const timed = dueAt === undefined || (typeof dueAt === 'number' && Number.isFinite(dueAt));
  if (!whole || !timed || !isRequestId(String(id)) || !isIdentityStoreId(String(userId))) return undefined;
  return value as DueTicket;
}
