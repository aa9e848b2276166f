/**
 * The same bytes in memory of their own, where they are a small part of something larger: a view that is kept keeps
 * the whole read of the socket alive, and somebody who sends little among much would fill the memory with it.
 */
export function ownBytes(bytes: Uint8Array): Buffer {
  if (bytes.buffer.byteLength <= 2 * bytes.length) {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return Buffer.from(bytes);
}
