import { archivePlace, auditorAccount } from '../../breakglass/archive/archive-place.ts';
import { verifyArchive } from '../../breakglass/archive/verify-archive.ts';
import type { Finding } from '../../breakglass/protocol/findings.ts';
import type { Context } from '../../context.ts';
import { identityParts } from '../../identity/identity-parts.ts';
import { archivePlan } from './plan-audit.ts';
import { type Since, sinceTime } from './since-option.ts';

/** More are for a program: --output json has all. */
const shown = 20;

/** The exit code: 0 nothing was found, 1 something was. */
export async function checkArchive(
  context: Context,
  scope: { readonly session: string | undefined; readonly since?: Since; readonly trail?: boolean },
): Promise<number> {
  const { output, host } = context;
  const place = archivePlace(await context.config());
  const trail = scope.trail === true;
  if (context.globals.plan) {
    output.plan(archivePlan(place, `Check the archive ${place.archiveBucket}.`, '', trail));
    return 0;
  }
  const account = auditorAccount(identityParts(context), place);
  const since = sinceTime(scope.since, host.now());
  using progress = output.progress(`listing ${place.archiveBucket}`);
  const result = await verifyArchive(account, place, { session: scope.session, since, trail }, (done, of) =>
    progress.update(`${done} of ${of} read from ${place.archiveBucket}`),
  );
  progress[Symbol.dispose]();
  const { findings, sessions, versions, trailEvents } = result;
  output.result({
    data: {
      ok: findings.length === 0,
      sessions,
      versions,
      trailEvents: trailEvents ?? null,
      findings: findings.map(({ code, subject, session, message }) => ({
        code,
        subject,
        session: session ?? null,
        message,
      })),
    },
    text: (style) => {
      const compared =
        trailEvents === undefined ? 'not compared with CloudTrail' : `${trailEvents} grants in CloudTrail`;
      const counts = style.plain(
        `${sessions.length} session${sessions.length === 1 ? '' : 's'}, ${versions} versions; ${compared}`,
      );
      if (findings.length === 0) return `${style.good('whole')}  ${counts}`;
      const line = ({ code, message }: Finding) => `${style.danger(code)}  ${style.plain(message)}`;
      const more =
        findings.length > shown ? [style.dim(`… ${findings.length - shown} more: --output json`)] : [];
      return [...findings.slice(0, shown).map(line), ...more, counts].join('\n');
    },
  });
  return findings.length === 0 ? 0 : 1;
}
