import { gunzipSync } from 'node:zlib';
import { sha256 } from '../breakglass/protocol/document.ts';
import type { SessionId } from '../breakglass/protocol/ids.ts';
import { fileKey, parseFileKey, sessionPrefix } from '../breakglass/protocol/keys.ts';
import { type ArchivedFile, evidencePieces, type Sources } from '../breakglass/protocol/record-bodies.ts';
import { epoch } from '../breakglass/protocol/session.ts';
import { sealText } from '../breakglass/protocol/slack-text.ts';
import { appendRecord, type Chain, firstVersions, readChain } from './chain.ts';
import { keepEvidence } from './keep-evidence.ts';
import { enterInLedger } from './ledger.ts';
import type { Ports } from './ports.ts';
import { stateOf } from './session-state.ts';
import { tellOnce } from './tell.ts';

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
  const files = await filesOf(archive, await readChain(archive, session));
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
  await sealLate(ports, session, exported);
}

/** So many seals may follow each other at once. */
const sealsAtOnce = 16;

/**
 * Each of more seals waits for a quarter of the time that all before it took: else whoever delivers a piece a second makes a
 * chain that nobody can read in time, and it is read before any access of theirs is ended.
 */
function maySealAgain({ records }: Chain, now: number): boolean {
  const seals = records.flatMap(({ kind, at }) => (kind === 'seal' ? [epoch(at)] : []));
  const [first = now, last = first] = [seals[0], seals.at(-1)];
  return seals.length < sealsAtOnce || now - last >= (last - first) / 4;
}

/**
 * What came while the seal was written, or after it, is named and followed by another seal; nothing came: nothing is done. What
 * comes too often is sealed later: the sweeper sees that it is there.
 */
export async function sealLate(ports: Ports, id: SessionId, exported: Exported): Promise<void> {
  const chain = await readChain(ports.archive, id);
  if (!maySealAgain(chain, ports.now())) return;
  const session = stateOf(chain)?.session;
  const sealed = new Set(sealedFiles(chain));
  const there = await ports.archive.list(`${sessionPrefix(id)}files/`);
  if (session === undefined || there.every(({ key }) => sealed.has(key))) return;
  await keepEvidence(ports, session);
  await sealSession(ports, id, exported);
}

function sealedFiles({ records }: Chain): readonly string[] {
  const last = records.at(-1);
  return last?.kind === 'seal' ? last.body.files.map(({ key }) => key) : [];
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

/** What records have named was read when it was copied, and can't have changed since. */
async function filesOf(archive: Ports['archive'], { id, records }: Chain): Promise<ArchivedFile[]> {
  const pieces = records.flatMap((record) => (record.kind === 'evidence' ? evidencePieces(record.body) : []));
  const known = new Map(pieces.map(({ file }) => [file.key, file]));
  const versions = firstVersions(await archive.versions(`${sessionPrefix(id)}files/`));
  const files: ArchivedFile[] = [];
  for (const { key, versionId } of versions) {
    const name = parseFileKey(key)?.name;
    if (name === undefined) continue;
    const named = known.get(key);
    if (named !== undefined) {
      files.push(named);
      continue;
    }
    const bytes = await archive.get(key, versionId);
    const from = name.startsWith('client-') ? 'client' : 'cloudtrail';
    files.push({ key, sha256: sha256(bytes), bytes: bytes.length, from });
  }
  return files;
}
