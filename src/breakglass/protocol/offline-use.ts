import { asJsonObject } from '../../lib/json-object.ts';
import { cleanLine } from './document-parts.ts';
import { slackEscape } from './slack-text.ts';
import { memberText, readTrailEvent } from './trail-event.ts';

/** Tier 3's user did something: a call, or a sign-in, which it has no password for. */
export interface OfflineUse {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly userName: string;
  /** `CreateAccessKey of iam.amazonaws.com` */
  readonly call: string;
  readonly address: string;
  /** AWS refused. */
  readonly failed: boolean;
}

/**
 * What an IAM user did; undefined for everybody else's events. Which user is the rule's to say: no other one's events are brought.
 * A failed sign-in names no ARN.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
 */
export function offlineUseFromEvent(input: unknown): OfflineUse | undefined {
  const event = readTrailEvent(input);
  const outer = asJsonObject(input);
  const detail = asJsonObject(outer?.detail) ?? outer;
  const identity = asJsonObject(detail?.userIdentity);
  if (event === undefined || identity?.type !== 'IAMUser') return undefined;
  const fromArn = /^arn:aws[a-z-]*:iam::\d{12}:user\/(?:.*\/)?([^/]+)$/.exec(event.by.arn)?.[1];
  const userName = memberText(identity, 'userName') ?? fromArn;
  if (userName === undefined) return undefined;
  return {
    at: event.at,
    userName,
    call: `${event.name} of ${event.source}`,
    address: memberText(detail, 'sourceIPAddress') ?? 'unknown',
    failed: event.errorCode !== undefined || memberText(event.response, 'consoleLogin') === 'Failure',
  };
}

export function offlineUseText({ userName, call, address, failed }: OfflineUse): string {
  const clean = (text: string) => slackEscape(cleanLine(text, 200) ?? 'unknown');
  return [
    `:rotating_light: *${clean(userName)}*, the user of tier 3, was used: ${clean(call)}, from ${clean(address)}${failed ? '; AWS refused it' : ''}.`,
    'Who is that? Nobody should have its key but its keeper, who opens tier 3 with it or replaces it: `forge breakglass rotate`.',
  ].join('\n');
}
