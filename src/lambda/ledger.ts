import { sha256 } from '../breakglass/protocol/document.ts';
import { ledgerKey } from '../breakglass/protocol/keys.ts';
import { encodeLedgerEntry, type LedgerEntry, parseLedgerEntry } from '../breakglass/protocol/ledger.ts';
import { ForgeError } from '../errors.ts';
import { firstVersions } from './chain.ts';
import type { Archive } from './ports.ts';

type Sealed = Parameters<typeof encodeLedgerEntry>[1];

/** So far back, by the seals' times, an entry of a seal is looked for: it was entered within seconds, or not at all. */
const lookBackMs = 3 * 86_400_000;
const mostRaces = 50;

/**
 * Puts a seal into the ledger, once, and says where it is. Whoever loses the place to another begins again after it: the
 * other may have been entering the same seal.
 */
export async function enterInLedger(
  archive: Archive,
  sealed: Sealed,
): Promise<{ readonly seq: number; readonly head: string }> {
  for (let race = 0; race < mostRaces; race++) {
    const length = await ledgerLength(archive);
    const entered = await findEntry(archive, sealed, length);
    if (entered !== undefined) return entered;
    const entry = encodeLedgerEntry(length === 0 ? undefined : await read(archive, length - 1), sealed);
    if (await archive.put(entry.key, entry.bytes)) return { seq: entry.seq, head: entry.head };
  }
  throw new ForgeError('failed', 'Others kept writing to the ledger.', { code: 'CHAIN_BUSY' });
}

/** How many entries there are: doubled until there is none, then halved. */
async function ledgerLength(archive: Archive): Promise<number> {
  const exists = async (seq: number) => (await archive.versions(ledgerKey(seq))).length > 0;
  if (!(await exists(0))) return 0;
  let [there, beyond] = [0, 1];
  while (await exists(beyond)) [there, beyond] = [beyond, beyond * 2];
  while (beyond - there > 1) {
    const middle = Math.floor((there + beyond) / 2);
    if (await exists(middle)) there = middle;
    else beyond = middle;
  }
  return beyond;
}

async function findEntry(archive: Archive, sealed: Sealed, length: number) {
  for (let seq = length - 1; seq >= 0; seq--) {
    const bytes = await read(archive, seq);
    const entry = parse(bytes, seq);
    if (entry.session === sealed.session && entry.record === sealed.record)
      return { seq, head: sha256(bytes) };
    if (Date.parse(entry.at) < sealed.at - lookBackMs) return undefined;
  }
  return undefined;
}

async function read(archive: Archive, seq: number): Promise<Uint8Array> {
  const [first] = firstVersions(await archive.versions(ledgerKey(seq)));
  if (first === undefined)
    throw new ForgeError('failed', `Entry ${seq} of the ledger is missing.`, { code: 'BROKEN_CHAIN' });
  return archive.get(first.key, first.versionId);
}

function parse(bytes: Uint8Array, seq: number): LedgerEntry {
  const parsed = parseLedgerEntry(bytes);
  if (parsed.ok) return parsed.value;
  throw new ForgeError('failed', `Entry ${seq} of the ledger can't be read: ${parsed.problem}.`, {
    code: 'BROKEN_CHAIN',
  });
}
