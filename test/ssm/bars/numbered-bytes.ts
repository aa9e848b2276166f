import { createHash } from 'node:crypto';

const pieceBytes = 64 * 1024;
const noise = Buffer.from(
  Array.from({ length: pieceBytes }, (_, index) => (index * 167 + (index >> 8)) & 0xff),
);

/** `count` bytes in which no KiB is like another: what is lost, doubled or out of order changes the digest. */
export function* numberedBytes(count: number): Generator<Buffer> {
  for (let start = 0; start < count; start += pieceBytes) {
    const piece = Buffer.from(noise);
    for (let offset = 0; offset < pieceBytes; offset += 1_024) piece.writeDoubleBE(start + offset, offset);
    yield piece.subarray(0, Math.min(pieceBytes, count - start));
  }
}

/** SHA-256 of `numberedBytes(count)`, hex. */
export function digestOfNumbered(count: number): string {
  const hash = createHash('sha256');
  for (const piece of numberedBytes(count)) hash.update(piece);
  return hash.digest('hex');
}
