import { ForgeError } from '../errors.ts';

/** For replies that lack what the API promises: a proxy's login page, a stand-in with a defect. */
export function incompleteReply(operation: string, missing: string): ForgeError {
  return new ForgeError('failed', `The reply to ${operation} has no ${missing}.`, {
    code: 'INCOMPLETE_REPLY',
    hint: 'Check what answers in place of AWS: AWS_ENDPOINT_URL, HTTPS_PROXY.',
  });
}
