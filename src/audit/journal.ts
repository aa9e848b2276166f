import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import { withFileLock } from '../files/file-lock.ts';
import { ensurePrivateDirectory } from '../files/private-directory.ts';
import type { Host } from '../host.ts';
import { redact } from '../lib/secret.ts';
import { type AuditEvent, auditEvents, kindOf } from './audit-events.ts';
import { encodeRecord, firstPrevious, type JournalEvent, parseRecord } from './journal-record.ts';

export type JournalHost = Pick<
  Host,
  'directories' | 'platform' | 'userId' | 'pid' | 'isRunning' | 'now' | 'monotonic' | 'signal'
>;

export function journalFolder(host: Pick<Host, 'directories'>): string {
  return join(host.directories.state, 'audit');
}

/** The journal's files, oldest first. */
export const journalFiles = (folder: string): string[] =>
  namesIn(folder)
    .filter((name) => /^\d{4}-\d{2}\.jsonl$/.test(name))
    .sort();

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileFailure(error, 'read the folder', folder);
  }
}

/**
 * Appends one event and returns when the disk has it. Each line carries the hash of the one before, so that a
 * change or a gap shows (verify-journal.ts). It is the person's own file and proves nothing against them: what
 * AWS recorded is the truth, this is the finding aid. Synchronous under its lock: few and short calls, and
 * node:fs/promises alone costs a quarter of starting Node.
 */
export async function appendToJournal(host: JournalHost, event: AuditEvent): Promise<void> {
  const folder = journalFolder(host);
  await ensurePrivateDirectory(host, folder);
  await withFileLock(host, join(folder, 'journal'), async () => {
    const newest = journalFiles(folder).at(-1);
    const month = `${new Date(host.now()).toISOString().slice(0, 7)}.jsonl`;
    // A clock that went back must not make the chain go back to an older file.
    const name = newest !== undefined && newest > month ? newest : month;
    const before = newest === undefined ? emptyTail : readTail(host, join(folder, newest));
    const path = join(folder, name);
    let previous = before.hash;
    let text = '';
    const add = (added: AuditEvent) => {
      const record = encodeRecord(host.now(), previous, redactEvent(added));
      text += `${record.line}\n`;
      previous = record.hash;
    };
    if (before.torn && name === newest) text = '\n';
    if (before.damage !== undefined) add({ type: 'journal.resumed', ...before.damage });
    add(event);
    append(host, path, text);
  });
}

interface Tail {
  readonly hash: string;
  /** The last line has no end: whoever wrote it was killed, or the disk was full. */
  readonly torn: boolean;
  /** What the last line is when it is no record: its size, and the hash of its bytes. */
  readonly damage: { readonly lostBytes: number; readonly lostSha256: string } | undefined;
}

const emptyTail: Tail = { hash: firstPrevious, torn: false, damage: undefined };

/** Longer than any record. */
const tailSize = 64 * 1024;

function readTail(host: JournalHost, path: string): Tail {
  const file = openJournal(host, path, constants.O_RDONLY);
  try {
    const { size } = fstatSync(file);
    const start = Math.max(0, size - tailSize);
    const buffer = Buffer.alloc(size - start);
    const bytesRead = readSync(file, buffer, 0, size - start, start);
    const bytes = buffer.subarray(0, bytesRead);
    if (bytes.length === 0) return emptyTail;
    const torn = bytes.at(-1) !== 0x0a;
    const lines = splitLines(bytes);
    const last = lines.at(-1) ?? Buffer.alloc(0);
    const record = parseRecord(last.toString('utf8'));
    if (record !== undefined) return { hash: record.hash, torn, damage: undefined };
    const lostSha256 = createHash('sha256').update(last).digest('hex');
    const damage = { lostBytes: last.length, lostSha256 };
    const sound = parseRecord(lines.at(-2)?.toString('utf8') ?? '');
    return { hash: sound?.hash ?? (lines.length > 1 ? lostSha256 : firstPrevious), torn, damage };
  } finally {
    closeSync(file);
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  const lines: Buffer[] = [];
  for (let start = 0; start <= end; ) {
    const found = bytes.indexOf(0x0a, start);
    const stop = found < 0 || found > end ? end : found;
    lines.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return lines;
}

function append(host: JournalHost, path: string, text: string): void {
  const file = openJournal(host, path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT);
  try {
    const bytes = Buffer.from(text);
    if (writeSync(file, bytes) !== bytes.length)
      throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    fsyncSync(file);
  } catch (error) {
    throw fileFailure(error, 'write', path);
  } finally {
    closeSync(file);
  }
}

function openJournal(host: JournalHost, path: string, flags: number): number {
  const file = openFile(path, flags | (constants.O_NOFOLLOW ?? 0));
  const found = fstatSync(file);
  const foreign = host.userId !== undefined && found.uid !== host.userId;
  if (host.platform === 'win32' || (found.isFile() && !foreign && (found.mode & 0o077) === 0)) return file;
  closeSync(file);
  throw new ForgeError('failed', `The journal ${path} is not yours alone.`, {
    code: 'UNSAFE_JOURNAL',
    hint: `Look at it, then: chmod 600 ${path}`,
  });
}

function openFile(path: string, flags: number): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    throw fileFailure(error, 'open', path);
  }
}

/** Value by value: a reason typed by a person may hold what should never be written down. */
function redactEvent(event: AuditEvent): JournalEvent {
  const { type } = event;
  const written = (name: string, value: JournalEvent[string]) => {
    if (typeof value !== 'string') return value;
    const kind = kindOf(type, name);
    if (kind === 'key id' && keyId.test(value)) return value;
    return redact(value).slice(0, kind === 'long text' ? 8_000 : 2_000);
  };
  const pairs = Object.entries(event).map(([name, value]) => [name, written(name, value)]);
  return { v: auditEvents[type].v, ...Object.fromEntries(pairs), type };
}

const keyId = /^A[A-Z0-9]{15,127}$/;
