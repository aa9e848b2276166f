import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { type Choose, nothingSaid } from '../../ssm/locate-instance.ts';
import type { InstanceTarget } from '../../targets/resolve-instance.ts';

/**
 * The picker, or undefined where nobody can be asked. Throws INSTANCE_NEEDED at once when the picker would be needed:
 * before AWS is asked for anything.
 */
export function chooserFor({ host, prompt, output }: Context, target: InstanceTarget): Choose | undefined {
  if (!prompt.possible) {
    if (target.locator.kind === 'any') throw nothingSaid(target);
    return undefined;
  }
  return async (pages) => {
    const { pickOne } = await import('../../terminal/pick.ts');
    const { recallUses } = await import('../../ssm/instance-memory.ts');
    const { pickerRow } = await import('../../ssm/picker-row.ts');
    const uses = await recallUses(host, target.region);
    const picked = await pickOne(host, output.style, {
      message: `Instance in ${target.environment?.name ?? target.region}`,
      pages,
      text: (instance) => pickerRow(instance, host.now()),
      weight: ({ instanceId }) => uses.get(instanceId) ?? 0,
    });
    if (picked !== undefined) return picked;
    const place = target.environment?.name ?? 'this account';
    throw new ForgeError('unreachable', `No instance is online in ${place} (${target.region}).`, {
      code: 'NO_INSTANCE_ONLINE',
      hint: 'forge ssm list --all shows what there is, and whose agent is not connected.',
    });
  };
}
