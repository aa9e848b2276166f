import { gunzipSync } from 'node:zlib';
import { sha256 } from '../breakglass/protocol/document.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import {
  evidencePrefix,
  fileKey,
  parseEvidenceKey,
  parseFileKey,
  sessionPrefix,
} from '../breakglass/protocol/keys.ts';
import type { ArchivedFile, Sources } from '../breakglass/protocol/record-bodies.ts';
import { sealText } from '../breakglass/protocol/slack-text.ts';
import { appendRecord, type Chain, firstVersions } from './chain.ts';
import { enterInLedger } from './ledger.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';
import { tellOnce } from './tell.ts';

/** Largest piece of evidence that is kept; a client writes small ones. */
const evidenceBytes = 8 * 1024 * 1024;
/** Largest export in one file. */
const exportBytes = 32 * 1024 * 1024;

/** A part of an export, as the exporter handed it on: compressed, since what a workflow carries is little. */
export async function keepFile(
  { archive }: Pick<Ports, 'archive'>,
  session: SessionId,
  name: string,
  gzip: string,
): Promise<void> {
  // What is there already came from the same pages of the trail.
  await archive.put(
    fileKey(session, name),
    gunzipSync(Buffer.from(gzip, 'base64'), { maxOutputLength: exportBytes }),
  );
}

/** Copies what the person's own forge delivered, each piece once, and records each. */
export async function keepEvidence(
  { intake, archive, now, log }: Ports,
  session: SessionId,
  userId: string,
): Promise<void> {
  for (const { key, size } of await intake.list(evidencePrefix(userId, session))) {
    const place = parseEvidenceKey(key);
    if (place === undefined) continue;
    if (size > evidenceBytes) {
      log(`${key} has ${size} bytes and is not kept.`);
      continue;
    }
    const file = fileKey(session, `client-${String(place.number).padStart(6, '0')}.jsonl`);
    const given = await intake.get(key, evidenceBytes);
    if (given === undefined) continue;
    await archive.put(file, given.bytes);
    const kept = await readFile(archive, file);
    if (kept === undefined) continue;
    await appendRecord(archive, session, ({ records }) =>
      records.some(({ kind, body }) => kind === 'evidence' && body.from === key)
        ? undefined
        : { kind: 'evidence', at: now(), body: { from: key, file: { ...kept, from: 'client' } } },
    );
  }
}

/** What became of the export. */
export interface Exported {
  readonly complete: boolean;
  readonly sources: Sources;
}

/**
 * Export, seal, and the seal's place in the ledger, each once. A seal is written again only when there is more by then:
 * evidence that came late, an export that now was complete.
 */
export async function sealSession(ports: Ports, session: SessionId, exported: Exported): Promise<void> {
  const { archive, now } = ports;
  const files = await filesOf(archive, session);
  const { sources, complete } = exported;
  let sealed = await appendRecord(archive, session, (chain) =>
    isExported(chain, files, sources) ? undefined : { kind: 'export', at: now(), body: { files, sources } },
  );
  if (stateOf(sealed) === undefined) return;
  sealed = await appendRecord(archive, session, (chain) =>
    chain.records.at(-1)?.kind === 'seal'
      ? undefined
      : { kind: 'seal', at: now(), body: { complete, files, sources } },
  );
  await witness(ports, sealed);
}

/** A seal that is in no ledger yet, or whose place was not told, its writer having died: by whoever comes next. */
export async function witness(ports: Ports, chain: Chain): Promise<void> {
  const [open] = chain.records;
  const last = chain.records.at(-1);
  if (open?.kind !== 'open' || last?.kind !== 'seal' || chain.last === undefined) return;
  const entered = await enterInLedger(ports.archive, {
    session: chain.id,
    record: last.seq,
    sha256: sha256(chain.last),
    at: Date.parse(last.at),
  });
  await tellOnce(ports, { about: `ledger-${entered.seq}`, text: sealText(open.body.session, entered) });
}

function isExported({ records }: Chain, files: readonly ArchivedFile[], sources: Sources): boolean {
  const last = records.findLast(({ kind }) => kind === 'export');
  return last?.kind === 'export' && JSON.stringify(last.body) === JSON.stringify({ files, sources });
}

async function filesOf(archive: Ports['archive'], session: SessionId): Promise<ArchivedFile[]> {
  const versions = firstVersions(await archive.versions(`${sessionPrefix(session)}files/`));
  const files: ArchivedFile[] = [];
  for (const { key, versionId } of versions) {
    const name = parseFileKey(key)?.name;
    if (name === undefined) continue;
    const bytes = await archive.get(key, versionId);
    const from = name.startsWith('client-') ? 'client' : 'cloudtrail';
    files.push({ key, sha256: sha256(bytes), bytes: bytes.length, from });
  }
  return files;
}

async function readFile(archive: Ports['archive'], key: string) {
  const [first] = firstVersions(await archive.versions(key));
  if (first === undefined) return undefined;
  const bytes = await archive.get(first.key, first.versionId);
  return { key, sha256: sha256(bytes), bytes: bytes.length };
}
