import { defineCommand } from '../../command.ts';
import { renderTable } from '../../terminal/table.ts';

interface ListOptions {
  readonly all?: boolean;
}

export default defineCommand<ListOptions>({
  description:
    'Lists the instances of an environment, or of an account and region, that Session Manager knows.',
  arguments: [{ name: '[environment]', description: 'of forge.yaml; without a file: your own AWS keys' }],
  options: [{ flags: '--all', description: 'also those of EC2 whose agent has not registered' }],
  examples: [
    ['forge ssm list dev', 'of an environment'],
    ['forge ssm list --region us-east-1', 'without forge.yaml, with the keys of your environment or profile'],
    ['forge ssm list dev --output json', 'for a script'],
  ],
  details:
    'Names, types and zones are those of EC2 (ec2:DescribeInstances); without leave they are left out.',
  async run(context, { args, options }) {
    const { globals, host, output } = context;
    const { resolveInstance } = await import('../../targets/resolve-instance.ts');
    const { refuseConflict, environmentNamed } = await import('../../targets/resolve-environment.ts');
    const config = await context.config();
    const [word] = args;
    if (word !== undefined) {
      refuseConflict(environmentNamed(config, word, 'There is no environment'), {
        flag: globals.env,
        variable: undefined,
      });
    }
    const said = { ...globals, env: word ?? globals.env, variables: host.env };
    const target = resolveInstance(config, undefined, said);
    const purpose = { purpose: 'ssm list', reason: undefined, profile: globals.profile };
    if (globals.plan) {
      const { planInstance } = await import('../../ssm/plan-session.ts');
      const summary = `List the instances of ${target.name}.`;
      return output.plan(planInstance(config, target, purpose, { summary, steps: [], equivalents: [] }));
    }
    const { withAccess } = await import('../../access/with-access.ts');
    const { identityParts } = await import('../../identity/identity-parts.ts');
    const { instanceAccess } = await import('../../ssm/with-instance.ts');
    const { allInstances, collect } = await import('../../ssm/find-instances.ts');
    const { listInstances } = await import('../../ssm/instance-list.ts');
    const parts = { ...identityParts(context), config };
    const request = { ...instanceAccess(target, purpose), write: false };
    const found = await withAccess(parts, request, async (access) => {
      using _progress = output.progress(`asking for the instances of ${target.name}`);
      return collect(allInstances(parts, access));
    });
    const known = found.filter(({ managed }) => managed !== undefined);
    const rows = listInstances(options.all === true ? found : known);
    output.result({
      data: rows,
      text: (style) =>
        renderTable(
          [
            { title: 'ID', value: (row) => row.id },
            { title: 'NAME', value: (row) => row.name ?? '', tone: () => 'bold' },
            { title: 'TYPE', value: (row) => row.type ?? '', minor: true },
            { title: 'AZ', value: (row) => row.zone ?? '' },
            { title: 'IP', value: (row) => row.address ?? '' },
            { title: 'AGENT', value: (row) => row.agent ?? '', minor: true },
            {
              title: 'PING',
              value: (row) => row.ping ?? `not registered${row.state === 'running' ? '' : `, ${row.state}`}`,
              tone: (row) => (row.online ? 'good' : 'caution'),
            },
            { title: 'PLATFORM', value: (row) => row.platformName ?? row.platform ?? '', minor: true },
          ],
          rows,
          style,
        ),
    });
    const hidden = found.filter(
      ({ ec2, managed }) => managed === undefined && ec2?.state === 'running',
    ).length;
    if (rows.length === 0)
      output.note(`Session Manager knows no instance in ${target.name} (${target.region}).`);
    if (hidden > 0 && options.all !== true) {
      output.note(
        `${hidden} running instance${hidden === 1 ? '' : 's'} of EC2 ${hidden === 1 ? 'has' : 'have'} not registered with Session Manager: --all shows ${hidden === 1 ? 'it' : 'them'}.`,
      );
    }
  },
});
