import type { SessionId } from './ids.ts';

/** What can be wrong with an archive. The codes are stable; auditors search for them. */
export const findingTexts = {
  'delete-marker': 'it was deleted: a delete marker hides it',
  'extra-version': 'it was written again: it has more than one version',
  gap: 'it is missing',
  unlocked: 'it is not locked (Object Lock COMPLIANCE)',
  'short-lock': 'its lock ends too early',
  unreadable: 'its bytes could not be read',
  schema: 'it is not what such an object must be',
  misplaced: 'it says that it belongs elsewhere',
  foreign: 'nothing of this name belongs in the archive',
  chain: 'it does not continue the one before it',
  order: 'a record of this kind can’t stand here',
  'four-eyes': 'the access was not approved by enough other people',
  digest: 'a decision is about other bytes than the request’s',
  minutes: 'the access lasted longer than was asked for, approved or allowed',
  event: 'it does not agree with the event that it records',
  'late-revoke': 'the access was taken away too late',
  'no-revoke': 'the access was not taken away',
  'tail-not-cut': 'credentials that were issued could go on being used',
  'no-seal': 'the session was never sealed',
  incomplete: 'what was to be collected was not',
  'file-missing': 'a file that it names is missing',
  'file-changed': 'a file has other bytes than were sealed',
  'file-unlisted': 'a file is there that was not sealed',
  'evidence-gap': 'pieces of evidence are there that came after it, and it is not',
  'statements-missing': 'statements that its journal tells of are not there',
  'statements-cut': 'a part of its statements is not there',
  'statements-changed': 'its statements are not those that were recorded',
  'not-in-ledger': 'its seal is not in the ledger',
  'ledger-mismatch': 'the ledger has it with other bytes',
  'head-mismatch': 'the ledger’s head is not the one that was posted',
  'unrecorded-grant': 'somebody was let in and there is no session of it',
  'unrecorded-use': 'an emergency role was assumed and there is no session of it',
} as const;

export type FindingCode = keyof typeof findingTexts;

export interface Finding {
  readonly code: FindingCode;
  /** What it is about: an object's key, or the event's id. */
  readonly subject: string;
  readonly session: SessionId | undefined;
  /** One sentence: `sessions/…/000002.json: it is missing.` */
  readonly message: string;
}

export const finding = (
  code: FindingCode,
  subject: string,
  session: SessionId | undefined,
  detail?: string,
): Finding => ({
  code,
  subject,
  session,
  message: `${subject}: ${findingTexts[code]}${detail === undefined ? '' : ` (${detail})`}.`,
});
