import { gzipSync } from 'node:zlib';
import { settleMinutes } from '../breakglass/protocol/deadlines.ts';
import { sha256 } from '../breakglass/protocol/document.ts';
import { epoch, type Session } from '../breakglass/protocol/session.ts';
import { asJsonObject, parseJsonObject } from '../lib/json-object.ts';
import type { Ports } from './ports.ts';
import type { TakenAway } from './take-away.ts';

export interface ExporterInput {
  readonly session: Session;
  /** Absent where only what was missing is collected. */
  readonly taken?: Partial<TakenAway>;
  readonly cursor: Cursor;
}

/** Where the next part begins. */
interface Cursor {
  readonly part: number;
  readonly pageToken?: string | undefined;
  /** Events of that page which earlier parts have. */
  readonly skip?: number | undefined;
}

export interface ExportedPart {
  /** File of this part; null: nothing was found in it. */
  readonly name: string | null;
  /** Base64 of the compressed lines. */
  readonly gzip: string;
  readonly cursor: Cursor | null;
  readonly more: boolean;
  readonly complete: boolean;
  readonly sources: {
    readonly cloudtrail: 'present' | 'absent';
    readonly ssm: 'absent';
    readonly eksAudit: 'absent';
    readonly pgaudit: 'absent';
  };
}

/**
 * What a state of a workflow may carry is 256 KiB, and one that carries more is the end of it: base64 of this is well below,
 * whatever somebody put into their calls to make theirs long.
 */
const partBytes = 120_000;
const partPages = 20;

/**
 * Reads what CloudTrail has of a session, one part a call. The time asked for is the session's own and that of
 * credentials which outlived it, whenever this runs: so a part that is read again has the same events.
 */
export async function exporter(
  ports: Ports,
  { session, taken, cursor }: ExporterInput,
): Promise<ExportedPart> {
  const account = session.account;
  const lookup = lookupOf(session, taken);
  const { part } = cursor;
  const lines: string[] = [];
  let { pageToken, skip = 0 } = cursor;
  let more = false;
  if (account !== undefined && lookup !== undefined) {
    for (let page = 0; page < partPages; page++) {
      const found = await ports.trail.lookup({ account, ...lookup.query, pageToken });
      const theirs = found.events.filter(lookup.isTheirs).slice(skip).map(oneLine);
      const fitting = howManyFit(lines, theirs);
      lines.push(...theirs.slice(0, fitting));
      more = true;
      if (fitting < theirs.length) {
        skip += fitting;
        break;
      }
      [pageToken, skip] = [found.nextToken, 0];
      more = pageToken !== undefined;
      if (!more) break;
    }
  }
  return {
    name: lines.length === 0 ? null : `cloudtrail-${String(part).padStart(6, '0')}.jsonl`,
    gzip: lines.length === 0 ? '' : compressed(lines).toString('base64'),
    cursor: more ? { part: part + 1, pageToken, skip } : null,
    more,
    complete: account !== undefined,
    sources: {
      cloudtrail: account === undefined ? 'absent' : 'present',
      ssm: 'absent',
      eksAudit: 'absent',
      pgaudit: 'absent',
    },
  };
}

function lookupOf(session: Session, taken: Partial<TakenAway> | undefined) {
  const from = epoch(session.openedAt) - 1_000;
  const ended = taken?.at === undefined ? epoch(session.expiresAt) : epoch(taken.at);
  const to = ended + settleMinutes * 60_000;
  if (session.accessKeyId !== undefined)
    return {
      query: { by: 'AccessKeyId', value: session.accessKeyId, from, to } as const,
      isTheirs: () => true,
    };
  const userName = taken?.userName ?? session.userName;
  if (userName === undefined) return undefined;
  const issued = `/AWSReservedSSO_${session.permissionSet ?? ''}_`;
  const role = `:assumed-role${issued}`;
  return {
    query: { by: 'Username', value: userName, from, to } as const,
    isTheirs: (text: string) => {
      const event = parseJsonObject(text);
      const arn = asJsonObject(event?.userIdentity)?.arn;
      if (typeof arn === 'string' && arn.includes(role)) return true;
      // How the credentials were issued, which is before they are anybody's identity.
      const assumed = asJsonObject(event?.requestParameters)?.roleArn;
      return (
        event?.eventName === 'AssumeRoleWithSAML' && typeof assumed === 'string' && assumed.includes(issued)
      );
    },
  };
}

/** How many of the next lines this part has room for. */
function howManyFit(lines: readonly string[], next: readonly string[]): number {
  const fits = (count: number) => compressed([...lines, ...next.slice(0, count)]).length <= partBytes;
  if (fits(next.length)) return next.length;
  let [fitting, beyond] = [0, next.length];
  while (beyond - fitting > 1) {
    const middle = Math.floor((fitting + beyond) / 2);
    if (fits(middle)) fitting = middle;
    else beyond = middle;
  }
  return fitting;
}

const compressed = (lines: readonly string[]): Buffer => gzipSync(lines.map((line) => `${line}\n`).join(''));
function oneLine(text: string): string {
  const line = text.replace(/[\r\n]+/g, ' ');
  return compressed([line]).length <= partBytes ? line : shortened(line);
}

/** An event that no part has room for: what it was, and the hash of all of it, to be compared with the trail's own files. */
function shortened(line: string): string {
  const { eventVersion, eventID, eventTime, eventSource, eventName, awsRegion, sourceIPAddress } =
    parseJsonObject(line) ?? {};
  const kept = { eventVersion, eventID, eventTime, eventSource, eventName, awsRegion, sourceIPAddress };
  const bytes = new TextEncoder().encode(line);
  return JSON.stringify({ ...kept, shortened: { bytes: bytes.length, sha256: sha256(bytes) } });
}
