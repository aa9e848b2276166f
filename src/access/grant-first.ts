import { socketVariable } from '../breakglass/session/socket-variable.ts';
import type { Config, Environment } from '../config/config.ts';
import type { Host } from '../host.ts';
import { refusal } from './may-i.ts';

/**
 * For commands that read stdin before they need access: within a named grant the command begins anew, in the grant's
 * session, and stdin can be read once only. Throws then what withAccess would.
 */
export function grantFirst(
  host: Pick<Host, 'env'>,
  grant: string | undefined,
  question: {
    readonly config: Config;
    readonly environment: Environment | undefined;
    readonly purpose: string;
  },
): void {
  if (grant === undefined || host.env[socketVariable]) return;
  const refused = refusal({ ...question, reason: undefined, granted: false, grant });
  if (refused !== undefined) throw refused;
}
