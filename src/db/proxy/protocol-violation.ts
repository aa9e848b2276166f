/** Somebody does not speak the protocol: the connection can't go on. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}
