import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { socketVariable } from '../session/socket-variable.ts';

/** Before anybody is asked or told for nothing: a session inside a session is refused at its start anyway. */
export function refuseNested({ env }: Pick<Host, 'env'>): void {
  if (!env[socketVariable]) return;
  throw new ForgeError('usage', 'This shell is in a break-glass session already.', {
    code: 'BREAKGLASS_NESTED',
    hint: 'Leave it first: exit. Or ask from another terminal.',
  });
}
