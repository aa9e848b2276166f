import type { Host } from '../../host.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { deliverSpool } from '../evidence/deliver-spool.ts';
import { hasSpooled } from '../evidence/spool.ts';
import { spoolEnd } from '../evidence/spool-end.ts';
import { closeShells } from '../grant/close-shells.ts';
import type { SessionParts } from '../grant/grant-session.ts';
import { rememberedUserCalled } from '../own-user.ts';
import { recordOutcome, recordStep } from '../record-step.ts';
import type { ActiveGrant } from '../session/active-grant.ts';
import { runSession, type SessionEnd } from '../session/run-session.ts';
import type { OfflineSession } from './open-offline.ts';

const patienceMs = 6_000;

/** A shell, or a program, with tier 3's role; Slack, where it could not be told, is told meanwhile. */
export async function runOfflineSession(
  parts: SessionParts,
  place: BreakGlassPlace,
  { id, plan, people, credentials }: OfflineSession,
  command: readonly string[] | undefined,
): Promise<SessionEnd> {
  const { host } = parts;
  const { BW_SESSION: _, ...env } = host.env;
  // What opens the vault of the key is nothing for the programs of a shell that others look at.
  const withoutVault: Host = Object.create(host, { env: { value: env } }) as Host;
  const aws = await parts.aws();
  const { environment, reason, seconds } = plan;
  await recordStep(parts, { type: 'breakglass.session.opened', id, environment: environment.name });
  const grant: ActiveGrant = {
    id,
    tier: 3,
    environment: environment.name,
    region: environment.region,
    reason,
    endsAt: Math.min(credentials.expiration - aws.clockSkew(), host.now() + seconds * 1_000),
  };
  const end = await runSession(
    { ...parts, host: withoutVault },
    {
      grant,
      command,
      // One use of the role is one alert, one record, one code: its keys last as long as the session.
      source: async () => credentials,
      async revoked() {
        if (hasSpooled(host)) await deliverSpool(parts, place, patienceMs, 'slack');
        return undefined;
      },
      close: (keys, ending) => closeShells(parts, grant, keys, ending),
    },
  );
  await recordOutcome(parts, {
    type: 'breakglass.session.closed',
    id,
    why: end.ending.why,
    exitCode: end.exitCode,
  });
  // Whose id is not known here has no place to say it; a later command delivers it, as it does the evidence.
  const person = await rememberedUserCalled(host, place.identityStoreId, people.keyHolder);
  if (person !== undefined && end.ending.why !== 'expired') await spoolEnd(parts, place, person, id);
  return end;
}
