import type { SenderLimits } from './reliable-sender.ts';

export interface ChannelLimits {
  readonly sender?: SenderLimits | undefined;
  /** Bytes of one message. The service's own limit is not known; the original never sends more. */
  readonly payload: number;
  /** Bytes kept for a slow listener: beyond the first the socket is not read, beyond the second nothing is taken. */
  readonly inbox: { readonly soft: number; readonly hard: number };
}

export const defaultChannelLimits: ChannelLimits = {
  payload: 1_024,
  inbox: { soft: 4 * 1024 * 1024, hard: 16 * 1024 * 1024 },
};
