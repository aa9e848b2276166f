import { defineCommand } from '../../command.ts';
import { renderTable } from '../../terminal/table.ts';

interface ListOptions {
  readonly discover?: boolean;
}

export default defineCommand<ListOptions>({
  description: 'Lists the databases that forge.yaml names. No AWS call, except with --discover.',
  options: [{ flags: '--discover', description: "ask RDS for the clusters in the environment's account" }],
  examples: [
    ['forge db list', 'of all environments'],
    ['forge db list --env dev --output json', 'of one, for a script'],
    ['forge db list --env dev --discover', 'what there is in the account, named or not'],
  ],
  async run(context, { options }) {
    const { globals, host, output } = context;
    const config = await context.config();
    const current = { flag: globals.env, variable: host.env.FORGE_ENV };
    if (options.discover === true) {
      const { resolveEnvironment } = await import('../../targets/resolve-environment.ts');
      const environment = resolveEnvironment(config, undefined, current);
      const { discoverDatabases, planDiscover } = await import('../../db/discover-databases.ts');
      if (globals.plan) return output.plan(planDiscover(config, environment, globals.profile));
      const { identityParts } = await import('../../identity/identity-parts.ts');
      const parts = { ...identityParts(context), config };
      const found = await discoverDatabases(parts, environment, globals.profile);
      return output.result({
        data: found,
        text: (style) =>
          found.length === 0
            ? `There is no PostgreSQL in ${environment.name} (${environment.account}, ${environment.region}).`
            : renderTable(
                [
                  { title: 'KIND', value: (row) => row.kind },
                  { title: 'IDENTIFIER', value: (row) => row.identifier },
                  { title: 'STATUS', value: (row) => row.status, minor: true },
                  {
                    title: 'IAM',
                    value: (row) => (row.iamEnabled ? 'on' : 'off'),
                    tone: (row) => (row.iamEnabled ? undefined : 'caution'),
                  },
                  { title: 'IN FORGE.YAML', value: (row) => row.names.join(', ') },
                  { title: 'ENDPOINT', value: (row) => `${row.endpoint}:${row.port}` },
                ],
                found,
                style,
              ),
      });
    }
    const { listDatabases } = await import('../../db/list-databases.ts');
    const { environmentNamed } = await import('../../targets/resolve-environment.ts');
    if (globals.plan) {
      return output.plan({
        summary: 'List the databases of forge.yaml.',
        steps: [{ kind: 'local', what: 'read forge.yaml' }],
        equivalents: [],
      });
    }
    const environment =
      globals.env === undefined
        ? undefined
        : environmentNamed(config, globals.env, '--env: there is no environment');
    const databases = listDatabases(config, environment);
    output.result({
      data: databases,
      text: (style) =>
        renderTable(
          [
            {
              title: 'TARGET',
              value: (row) => row.target,
              tone: (row) => (row.production ? 'danger' : 'bold'),
            },
            { title: 'DATABASE', value: (row) => row.database },
            {
              title: 'USER',
              value: (row) => (row.writeUser === null ? row.user : `${row.user} (--write: ${row.writeUser})`),
            },
            { title: 'OPENS', value: (row) => (row.readOnly ? 'read-only' : 'read-write'), minor: true },
            { title: 'ENDPOINT', value: (row) => row.endpoint, minor: true },
            { title: '', value: (row) => (row.production ? 'production' : ''), tone: () => 'danger' },
          ],
          databases,
          style,
        ),
    });
    if (databases.length === 0) {
      output.note(
        config.files.length === 0
          ? 'There is no forge.yaml here: forge config init writes one.'
          : `${environment?.name ?? 'forge.yaml'} names no databases.`,
      );
    }
  },
});
