import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Flexible checksums. Source: S3 User Guide, "Checking object integrity": base64 of the big-endian value. */
export const checksumAlgorithms: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  crc32: (body) => word32(crc32(body)),
  crc32c: (body) => word32(crc32c(body)),
  crc64nvme: (body) => crc64Nvme(body),
  sha1: (body) => createHash('sha1').update(body).digest(),
  sha256: (body) => createHash('sha256').update(body).digest(),
};

function word32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Castagnoli's polynomial, reflected. Source: RFC 3720, appendix B.4. */
const castagnoli = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(body: Buffer): number {
  let value = 0xffffffff;
  for (const byte of body) value = (castagnoli[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** CRC-64/NVME, reflected. Source: NVM Express, "NVM Command Set Specification", 64b CRC. */
const allOnes = 0xffffffffffffffffn;
const nvme = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  return value;
});

function crc64Nvme(body: Buffer): Buffer {
  let value = allOnes;
  for (const byte of body) value = (nvme[Number((value ^ BigInt(byte)) & 0xffn)] ?? 0n) ^ (value >> 8n);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value ^ allOnes);
  return bytes;
}
