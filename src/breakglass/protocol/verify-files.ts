import { missingPieces } from './evidence.ts';
import { type Finding, finding } from './findings.ts';
import type { SessionId } from './ids.ts';
import { parseFileKey } from './keys.ts';
import type { ArchiveRecord } from './record.ts';
import { type ArchivedFile, evidencePieces } from './record-bodies.ts';
import { digestOf, type Standing } from './verify-versions.ts';

/** Every file that a record names is there, once, with its bytes; and once sealed, no other. */
export function checkFiles(
  id: SessionId,
  links: readonly { readonly key: string; readonly record: ArchiveRecord }[],
  files: readonly Standing[],
): readonly Finding[] {
  const findings = files.flatMap((file) => file.findings);
  const standing = new Map(files.map((file) => [file.key, file]));
  const told = new Set<string>();
  const named = new Set<string>();
  for (const { key, record } of links) {
    for (const file of filesOf(record)) {
      named.add(file.key);
      const code = checkFile(id, file, standing.get(file.key));
      if (code === undefined || told.has(file.key)) continue;
      told.add(file.key);
      findings.push(finding(code, key, id, file.key));
    }
  }
  // Until the seal some are on their way: what tier 0 told before AWS knew of it is copied by the seal only.
  if (links.at(-1)?.record.kind !== 'seal') return findings;
  for (const { key } of files) if (!named.has(key)) findings.push(finding('file-unlisted', key, id));
  return [...findings, ...gapsIn(id, files)];
}

/** Each machine's forge delivers its pieces one after the other: a later one is there only when all before it were. */
function gapsIn(id: SessionId, files: readonly Standing[]): readonly Finding[] {
  const pieces = files.flatMap(({ first }) => first?.evidence ?? []);
  return missingPieces(pieces).map(({ writer, piece }) =>
    finding('evidence-gap', `sessions/${id}/files/`, id, `piece ${piece} of machine ${writer}`),
  );
}

function checkFile(id: SessionId, file: ArchivedFile, standing: Standing | undefined) {
  if (parseFileKey(file.key)?.session !== id) return 'misplaced';
  if (standing?.first === undefined) return 'file-missing';
  const digest = digestOf(standing.first);
  if (digest === undefined) return 'unreadable';
  return digest.sha256 === file.sha256 && digest.bytes === file.bytes ? undefined : 'file-changed';
}

function filesOf(record: ArchiveRecord): readonly ArchivedFile[] {
  if (record.kind === 'evidence') return evidencePieces(record.body).map(({ file }) => file);
  return record.kind === 'export' || record.kind === 'seal' ? record.body.files : [];
}
