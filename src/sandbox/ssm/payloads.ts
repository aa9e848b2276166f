/** What messages of a data channel say they are and carry: the agent's own copy, so that forge's is checked by it. */
export const MessageType = {
  input: 'input_stream_data',
  output: 'output_stream_data',
  acknowledge: 'acknowledge',
  channelClosed: 'channel_closed',
  startPublication: 'start_publication',
  pausePublication: 'pause_publication',
} as const;

export const Payload = {
  none: 0,
  output: 1,
  error: 2,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  challengeRequest: 8,
  challengeResponse: 9,
  flag: 10,
  stderr: 11,
  exitCode: 12,
} as const;

export const Flag = { disconnectToPort: 1, terminateSession: 2, connectToPortError: 3 } as const;

/** Bit 0 SYN, bit 1 FIN: what acknowledgements and messages outside the numbered streams carry. */
export const controlFlags = 3;

export function flagPayload(flag: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(flag);
  return bytes;
}
