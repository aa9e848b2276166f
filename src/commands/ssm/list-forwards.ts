import { type ForwardSpec, placeText } from '../../config/forward-spec.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { renderTable } from '../../terminal/table.ts';

/** The groups of forge.yaml, of all environments or of the one that is named. Asks AWS for nothing. */
export async function listForwards(context: Context, args: readonly string[]): Promise<void> {
  const { output, globals } = context;
  const config = await context.config();
  const { environmentNamed, refuseConflict } = await import('../../targets/resolve-environment.ts');
  const [word, ...others] = args;
  if (others.length > 0) {
    throw new ForgeError('usage', '--list takes no forwards.', {
      code: 'USAGE',
      hint: 'forge ssm forward --list, or --list and an environment',
    });
  }
  const name = word ?? globals.env;
  const wanted = name === undefined ? undefined : environmentNamed(config, name, 'There is no environment');
  if (wanted !== undefined) refuseConflict(wanted, { flag: globals.env, variable: undefined });
  const environments = wanted === undefined ? [...config.environments.values()] : [wanted];
  const groups = environments.flatMap((environment) =>
    [...environment.forwards.values()].map((group) => ({
      name: `${environment.name}/${group.name}`,
      instance: group.instance,
      forwards: group.forwards.map(forwardText),
      socks: group.socks ?? null,
      streams: group.streams,
      description: group.description ?? null,
    })),
  );
  output.result({
    data: groups,
    text: (style) =>
      renderTable(
        [
          { title: 'GROUP', value: (row) => row.name, tone: () => 'bold' },
          { title: 'INSTANCE', value: (row) => row.instance },
          {
            title: 'FORWARDS',
            value: (row) =>
              [...row.forwards, ...(row.socks === null ? [] : [`socks ${row.socks}`])].join(', '),
          },
          { title: 'DESCRIPTION', value: (row) => row.description ?? '' },
        ],
        groups,
        style,
      ),
  });
  if (groups.length === 0) {
    output.note(
      `There are no groups in ${wanted === undefined ? 'forge.yaml' : wanted.name}: they stand under forwards of an environment.`,
    );
  }
}

/** As it would be typed, the local side always said. */
function forwardText({ local, host, port }: ForwardSpec): string {
  const here = local.kind === 'unix' ? `unix:${local.path}` : local.port === 0 ? '' : String(local.port);
  return `${here}:${host === undefined ? port : placeText(host, port)}`;
}
