import { gzipSync } from 'node:zlib';
import { settleMinutes } from '../breakglass/protocol/deadlines.ts';
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
  readonly pageToken?: string;
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

/** What a state of a workflow may carry is 256 KiB; base64 of this is well below. */
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
  let pageToken = cursor.pageToken;
  let more = false;
  if (account !== undefined && lookup !== undefined) {
    for (let page = 0; ; page++) {
      const found = await ports.trail.lookup({ account, ...lookup.query, pageToken });
      lines.push(...found.events.filter(lookup.isTheirs).map(oneLine));
      pageToken = found.nextToken;
      more = pageToken !== undefined;
      if (!more || page + 1 >= partPages || compressed(lines).length > partBytes) break;
    }
  }
  return {
    name: lines.length === 0 ? null : `cloudtrail-${String(part).padStart(6, '0')}.jsonl`,
    gzip: lines.length === 0 ? '' : compressed(lines).toString('base64'),
    cursor: pageToken === undefined ? null : { part: part + 1, pageToken },
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
  const role = `:assumed-role/AWSReservedSSO_${session.permissionSet ?? ''}_`;
  return {
    query: { by: 'Username', value: userName, from, to } as const,
    isTheirs: (text: string) => {
      const arn = asJsonObject(parseJsonObject(text)?.userIdentity)?.arn;
      return typeof arn === 'string' && arn.includes(role);
    },
  };
}

const compressed = (lines: readonly string[]): Buffer => gzipSync(lines.map((line) => `${line}\n`).join(''));
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ');
