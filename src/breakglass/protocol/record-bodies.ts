import * as v from 'valibot';
import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import type { StoredObject } from './document.ts';
import {
  cleanLine,
  hash,
  identityStoreId,
  isTime,
  line,
  strict,
  time,
  wholeNumber,
} from './document-parts.ts';
import { session } from './session.ts';

/** What records say. Foreign members are refused: what an auditor reads is what this file names. */

/** An object of the intake, byte for byte: as text where it is UTF-8, else in base64. */
const copy = strict({
  key: line(300),
  encoding: v.picklist(['utf-8', 'base64'], '"utf-8" or "base64"'),
  raw: v.string('text'),
  /** The bucket's clock. */
  lastModified: time,
});
export type Copy = Readonly<v.InferOutput<typeof copy>>;

/** A file of the session in the archive. */
const file = strict({
  key: line(300),
  sha256: hash,
  bytes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  /** `client`: what the person's own forge said, and nobody else. */
  from: v.picklist(['cloudtrail', 'ssm', 'eks', 'database', 'client'], 'a known source'),
});
export type ArchivedFile = Readonly<v.InferOutput<typeof file>>;

/** Evidence: the object of the intake, and the file that it was copied to. */
const piece = { from: line(300), file };
export interface EvidencePieceFile {
  readonly from: string;
  readonly file: ArchivedFile;
}

const source = v.picklist(['present', 'absent', 'failed'], '"present", "absent" or "failed"');
const sources = strict({ cloudtrail: source, ssm: source, eksAudit: source, pgaudit: source });
export type Sources = Readonly<v.InferOutput<typeof sources>>;

const count = wholeNumber(0, 100_000);
const event = v.custom<JsonObject>((value) => asJsonObject(value) !== undefined, 'a CloudTrail event');

export const bodies = {
  /** Record 0: what was seen, what it was judged by, and the judgement. */
  open: strict({
    session,
    /** The rule as it stood; absent where there was none (an unknown group). */
    rule: v.optional(
      strict({
        approvals: wholeNumber(0, 5),
        tierMinutes: wholeNumber(1, 720),
        grantMinutes: wholeNumber(1, 720),
      }),
    ),
    /** The CloudTrail event as it came; absent when the membership was found, not seen being made. */
    event: v.optional(event),
    request: v.optional(copy),
    decisions: v.array(copy, 'a list'),
  }),
  /** The membership now lasts for another session too, until then. */
  grant: strict({ membershipId: identityStoreId, sharedWith: line(60), expiresAt: time }),
  /** The access was used: a role's credentials were issued. */
  use: strict({ eventId: line(60), roleArn: line(700), accessKeyId: v.optional(line(128)), at: time }),
  /**
   * The end before its time: the paper in which its person asked for it or an approver stopped it (the key tells which),
   * or the event of somebody's taking the membership away.
   */
  end: v.pipe(
    strict({ request: v.optional(copy), event: v.optional(event) }),
    v.check(({ request, event }) => request !== undefined || event !== undefined, 'a paper or an event'),
  ),
  /** The access was taken away. */
  revoke: strict({
    /** `removed`; `gone`: was not there any more; `shared`: lasts for another session; `none`: a role, nothing to remove. */
    membership: v.picklist(['removed', 'gone', 'shared', 'none'], 'an outcome'),
    /** Credentials issued until `until` (`at` where it is missing) are refused from now on. */
    tail: v.picklist(['cut', 'failed', 'none'], '"cut", "failed" or "none"'),
    until: v.optional(time),
    /** Shell sessions ended, and those that could not be. */
    terminated: count,
    remaining: count,
    at: time,
  }),
  /** The access could not be taken away yet; it is tried again. */
  stuck: strict({ step: line(60), problem: line(500), attempt: count }),
  /** Something that was delivered by the person's own forge, copied byte for byte. */
  evidence: strict({ ...piece, more: v.optional(v.array(strict(piece), 'a list')) }),
  /** What was collected afterwards. */
  export: strict({ files: v.array(file, 'a list'), sources }),
  /** The end of the record, or of what there was by then: later evidence is followed by another seal. */
  seal: strict({ complete: v.boolean('true or false'), files: v.array(file, 'a list'), sources }),
} as const;

export type Bodies = { readonly [Kind in keyof typeof bodies]: v.InferOutput<(typeof bodies)[Kind]> };
/** All pieces that a record of evidence names. */
export const evidencePieces = ({
  from,
  file,
  more = [],
}: Bodies['evidence']): readonly EvidencePieceFile[] => [{ from, file }, ...more];
export type RecordKind = keyof Bodies;

/**
 * An object to be put on record, whatever it is: what was found must be kept even where it is an attempt to make
 * keeping it impossible (a name that can't be shown, bytes that grow sixfold when they are escaped).
 */
export function copyOf({ key, bytes, lastModified }: StoredObject): Copy {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString('utf8');
  const plain =
    Buffer.from(text, 'utf8').equals(buffer) && JSON.stringify(text).length <= 2 * buffer.length + 2;
  return {
    key: cleanLine(key, 300) ?? '?',
    encoding: plain ? 'utf-8' : 'base64',
    raw: plain ? text : buffer.toString('base64'),
    lastModified: new Date(isTime(lastModified) ? lastModified : 0).toISOString(),
  };
}

/** The object again, with the very bytes. */
export function originalOf({ key, encoding, raw, lastModified }: Copy): StoredObject {
  return {
    key,
    bytes: new Uint8Array(Buffer.from(raw, encoding === 'base64' ? 'base64' : 'utf8')),
    lastModified: Date.parse(lastModified),
  };
}
