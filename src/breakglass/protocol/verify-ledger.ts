import { sha256 } from './document.ts';
import { type Finding, finding } from './findings.ts';
import type { SessionId } from './ids.ts';
import { ledgerKey, parseLedgerKey, recordKey } from './keys.ts';
import { type LedgerEntry, parseLedgerEntry } from './ledger.ts';
import { noPrevious } from './record.ts';
import type { VerifiedSession } from './verify-session.ts';
import type { Standing } from './verify-versions.ts';

/** A seal that is not in the ledger so long after it was written is a finding. */
export const ledgerWithinMinutes = 15;

/** A head of the ledger as it was posted to Slack. */
export interface Head {
  readonly seq: number;
  readonly sha256: string;
}

/** The ledger's own chain; every entry's session as the entry says; every session's last seal in it; every head as it was posted. */
export function verifyLedger(
  objects: readonly Standing[],
  sessions: ReadonlyMap<SessionId, VerifiedSession>,
  now: number,
  heads: readonly Head[] = [],
): readonly Finding[] {
  const findings: Finding[] = [];
  const digests = new Map<number, string>();
  const entered = new Set<string>();
  const bySeq = new Map(objects.map((object) => [parseLedgerKey(object.key)?.seq ?? -1, object]));
  const last = Math.max(-1, ...bySeq.keys(), ...heads.map((head) => head.seq));
  let previous = noPrevious;
  for (let seq = 0; seq <= last; seq++) {
    const key = ledgerKey(seq);
    const object = bySeq.get(seq);
    findings.push(...(object?.findings ?? []));
    const bytes = object?.first?.bytes;
    if (bytes === undefined) {
      const marked = object?.findings.some(({ code }) => code === 'delete-marker');
      if (!marked) findings.push(finding(object?.first === undefined ? 'gap' : 'unreadable', key, undefined));
      previous = '';
      continue;
    }
    const digest = sha256(bytes);
    digests.set(seq, digest);
    const parsed = parseLedgerEntry(bytes);
    if (!parsed.ok) findings.push(finding('schema', key, undefined, parsed.problem));
    else if (parsed.value.seq !== seq) findings.push(finding('misplaced', key, undefined));
    else {
      if (previous !== '' && parsed.value.prev !== previous) findings.push(finding('chain', key, undefined));
      findings.push(...checkEntry(key, parsed.value, sessions));
      entered.add(`${parsed.value.session} ${parsed.value.record}`);
    }
    previous = digest;
  }
  // The last seal stands for those before it: the chain leads back to them.
  for (const { id, seals } of sessions.values()) {
    const seal = seals.at(-1);
    if (seal === undefined || entered.has(`${id} ${seal.seq}`)) continue;
    if (now > Date.parse(seal.at) + ledgerWithinMinutes * 60_000)
      findings.push(finding('not-in-ledger', recordKey(id, seal.seq), id));
  }
  for (const head of heads) {
    const digest = digests.get(head.seq);
    if (digest !== undefined && digest !== head.sha256)
      findings.push(finding('head-mismatch', ledgerKey(head.seq), undefined));
  }
  return findings;
}

function checkEntry(
  key: string,
  entry: LedgerEntry,
  sessions: ReadonlyMap<SessionId, VerifiedSession>,
): readonly Finding[] {
  const seal = sessions.get(entry.session)?.seals.find(({ seq }) => seq === entry.record);
  const subject = recordKey(entry.session, entry.record);
  if (seal === undefined) return [finding('gap', subject, entry.session, `sealed in ${key}`)];
  const same = seal.sha256 === entry.sha256 && seal.at === entry.at;
  return same ? [] : [finding('ledger-mismatch', subject, entry.session, key)];
}
