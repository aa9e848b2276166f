import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { durationText } from '../../lib/duration-text.ts';
import { listSpooled } from '../evidence/spool.ts';
import { hasWebhook, webhookVariable } from '../slack.ts';
import type { Finding } from './finding.ts';

/** A token's time is taken to the minute; S3 and STS refuse what is 15 minutes off. */
const tolerableMs = 60_000;

/** What this machine says by itself. `skewMs`: AWS's clock minus this one. */
export async function lookAtMachine(
  host: Pick<Host, 'directories' | 'platform' | 'userId' | 'now' | 'env'>,
  skewMs: number,
): Promise<readonly Finding[]> {
  return [clockFinding(skewMs), await spoolFinding(host), await webhookFinding(host)];
}

export function clockFinding(skewMs: number): Finding {
  const away = Math.abs(skewMs);
  if (away <= tolerableMs) return { check: 'clock', verdict: 'ok', detail: 'agrees with that of AWS' };
  return {
    check: 'clock',
    verdict: 'bad',
    detail: `is ${durationText(away)} ${skewMs > 0 ? 'behind' : 'ahead of'} that of AWS`,
    hint: 'Let the operating system set it: times of records and ends of sessions go by it.',
  };
}

async function spoolFinding(host: Parameters<typeof listSpooled>[0]): Promise<Finding> {
  const { length } = await listSpooled(host);
  if (length === 0) return { check: 'spool', verdict: 'ok', detail: 'all that was to be told is told' };
  return {
    check: 'spool',
    verdict: 'bad',
    detail: `${length} of what is to be told (evidence, alerts) could not be delivered yet`,
    hint: 'Every forge breakglass command tries again. What is in the way: forge breakglass status --debug',
  };
}

async function webhookFinding(host: Parameters<typeof hasWebhook>[0]): Promise<Finding> {
  const check = 'slack';
  try {
    if (await hasWebhook(host))
      return {
        check,
        verdict: 'ok',
        detail: 'a webhook is known; it was not tried, so that nobody is alarmed',
      };
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    return { check, verdict: 'bad', detail: error.message, hint: error.hint };
  }
  return {
    check,
    verdict: 'other',
    detail: `no webhook is known here (forge breakglass webhook set, or ${webhookVariable}): approvers have to be told by hand`,
  };
}
