import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

export type EncryptionContext = Readonly<Record<string, string>>;

/** The secret inside KMS, of which every key of this sandbox is made. */
const masterSecret = randomBytes(32);

/** Ciphertext that only the same key with the same encryption context opens, as KMS's is. */
export function wrapDataKey(keyArn: string, plaintext: Buffer, context: EncryptionContext): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secretOf(keyArn), nonce);
  cipher.setAAD(canonical(context));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined: InvalidCiphertextException. */
export function unwrapDataKey(
  keyArn: string,
  wrapped: Buffer,
  context: EncryptionContext,
): Buffer | undefined {
  if (wrapped.length < 28) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', secretOf(keyArn), wrapped.subarray(0, 12));
    decipher.setAAD(canonical(context));
    decipher.setAuthTag(wrapped.subarray(-16));
    return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function secretOf(keyArn: string): Buffer {
  return createHash('sha256').update(masterSecret).update(keyArn).digest();
}

function canonical(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}
