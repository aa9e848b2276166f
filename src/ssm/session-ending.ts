import { ForgeError } from '../errors.ts';
import type { ChannelEnd } from './data-channel.ts';

/**
 * What the end of a session means for the exit code: the remote program's own, 0 for an ordinary end. Throws the
 * reason otherwise: time-up (7) when AWS's limits ended it, unreachable (6) when it was lost, failed (1).
 */
export function sessionEnding(end: ChannelEnd, label: string): number {
  if (end.exitCode !== undefined) return end.exitCode;
  const said = end.output.trim();
  if (end.reason === 'lost') {
    if (end.error !== undefined) throw end.error;
    throw new ForgeError(
      'unreachable',
      `The session on ${label} was lost${said === '' ? '.' : `: ${said}`}`,
      {
        code: 'SESSION_LOST',
        hint: 'Check the network, and open it again.',
      },
    );
  }
  if (said === '') return 0;
  // The texts of the service are not documented; these words stand in all that have been reported.
  if (/tim(?:ed|e)[ -]?out|inactiv|idle|duration/i.test(said)) {
    throw new ForgeError('time-up', `The session on ${label} was ended: ${said}`, {
      code: 'SESSION_TIME_UP',
      hint: "Open it again; how long a session may last stands in the account's Session Manager preferences.",
    });
  }
  throw new ForgeError('failed', `The session on ${label} was ended: ${said}`, { code: 'SESSION_ENDED' });
}
