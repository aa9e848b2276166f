import { documentBytes } from './document.ts';
import { parseRequestKey } from './keys.ts';
import { requestBytes } from './request.ts';

/** Largest document that is read at a key of the intake: only requests may carry a text to be run. */
export const limitOf = (key: string): number =>
  parseRequestKey(key) === undefined ? documentBytes : requestBytes;
