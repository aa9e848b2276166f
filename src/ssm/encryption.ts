import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ForgeError } from '../errors.ts';

const algorithm = 'aes-256-gcm';
const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;

/** Keys of one session. A plain class field would be shown by inspect: both keys are private. */
export class PayloadCipher {
  readonly #decryptionKey: Buffer;
  readonly #encryptionKey: Buffer;

  /** `dataKey`: the 64 bytes of GenerateDataKey. The client reads with the first half and writes with the second. */
  constructor(dataKey: Uint8Array) {
    if (dataKey.length !== 2 * keyLength) throw new RangeError('The data key of a session has 64 bytes');
    this.#decryptionKey = Buffer.from(dataKey.subarray(0, keyLength));
    this.#encryptionKey = Buffer.from(dataKey.subarray(keyLength));
  }

  /** Nonce, ciphertext, tag. Random nonces: a session is far from the 2^32 messages that they are good for. */
  encrypt(plaintext: Uint8Array, nonce: Uint8Array = randomBytes(nonceLength)): Buffer {
    const cipher = createCipheriv(algorithm, this.#encryptionKey, nonce, { authTagLength: tagLength });
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws a ForgeError for anything that is not exactly what the agent encrypted. */
  decrypt(bytes: Uint8Array): Buffer {
    try {
      const tagAt = bytes.length - tagLength;
      if (tagAt < nonceLength) throw new RangeError('too short');
      const nonce = bytes.subarray(0, nonceLength);
      const decipher = createDecipheriv(algorithm, this.#decryptionKey, nonce, { authTagLength: tagLength });
      decipher.setAuthTag(bytes.subarray(tagAt));
      return Buffer.concat([decipher.update(bytes.subarray(nonceLength, tagAt)), decipher.final()]);
    } catch (error) {
      throw new ForgeError(
        'failed',
        "The session's encrypted data can't be decrypted: it was altered or is damaged.",
        {
          code: 'DECRYPTION_FAILED',
          hint: 'Start a new session; if it happens again, tell whoever runs the instance and its KMS key.',
          cause: error,
        },
      );
    }
  }
}
