import { ForgeError } from '../../errors.ts';
import { shortId } from '../protocol/ids.ts';
import type { AccessRequest } from '../protocol/request.ts';

/** Access that was approved for one text is not what a shell, or any other command, is opened with. Throws denied GRANT_IS_CHANGE. */
export function refuseChange({ id, change }: Pick<AccessRequest, 'id' | 'change'>): void {
  if (change === undefined) return;
  throw new ForgeError(
    'denied',
    `${shortId(id)} is for one change to ${change.target}, and for nothing else.`,
    {
      code: 'GRANT_IS_CHANGE',
      hint: `Run it: forge db run ${shortId(id)}`,
    },
  );
}
