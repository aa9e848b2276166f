import { createHmac } from 'node:crypto';

/** RFC 6238 with AWS's choices for a virtual MFA device: SHA-1, 30 seconds, six digits, base32 secret. */
export const totpStepMs = 30_000;

export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', parseBase32(secret)).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  const number = (digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000;
  return String(number).padStart(6, '0');
}

export function totpStep(epochMilliseconds: number): number {
  return Math.floor(epochMilliseconds / totpStepMs);
}

/** The step whose code this is: now's, or one before or after, which is the drift AWS allows for. */
export function matchingTotpStep(
  secret: string,
  code: string,
  epochMilliseconds: number,
): number | undefined {
  const current = totpStep(epochMilliseconds);
  return [current, current - 1, current + 1].find((step) => totpCode(secret, step) === code);
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => letters[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

function parseBase32(text: string): Buffer {
  let bits = '';
  for (const letter of text) bits += letters.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}
