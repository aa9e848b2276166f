import { ForgeError } from '../../errors.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import type { AccessRequest } from '../protocol/request.ts';
import { requestText } from '../protocol/slack-text.ts';
import { findWebhook, postToSlack } from '../slack.ts';

/** Tells the approvers' channel. That nobody can be told does not stop anybody: the command is on the screen. */
export async function announceRequest(
  { host, output }: Pick<IdentityParts, 'host' | 'output'>,
  request: AccessRequest,
): Promise<void> {
  try {
    const webhook = await findWebhook(host);
    if (webhook === undefined) return;
    await postToSlack(host, webhook, requestText(request));
    output.note('The approvers are told in Slack.');
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    output.warn(`${error.message} ${error.hint ?? ''}`.trim());
  }
}
