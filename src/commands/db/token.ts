import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import {
  type DatabaseOptions,
  databaseFlags,
  endpointOptions,
  reasonText,
  targetArgument,
} from './database-options.ts';

export default defineCommand<DatabaseOptions>({
  description:
    'Prints an RDS IAM auth token, the password for one login within 15 minutes, and nothing else.',
  arguments: [targetArgument],
  options: [
    ...endpointOptions,
    { flags: '--write', description: 'as the role that may write, where forge.yaml names one' },
    { flags: '--reason <text>', description: reasonText },
  ],
  examples: [
    ['forge db token dev', 'for the database of the environment dev'],
    ['forge db token dev --output json', 'with host, port, user and end'],
    [
      'PGPASSWORD=$(forge db token --host shop.c9abc.us-east-1.rds.amazonaws.com --user app) psql …',
      'without forge.yaml: keys from AWS_ACCESS_KEY_ID or --profile, region from the name',
    ],
  ],
  details:
    'A token is signed here; no AWS call makes it. Who holds it can log in as that role until it ends.',
  async run(context, { args, options }) {
    const { requestDatabase } = await import('../../db/database-request.ts');
    const config = await configFor(context, args[0], options);
    const said = { env: context.globals.env, variables: context.host.env };
    const request = requestDatabase(config, args[0], databaseFlags(context, options), said);
    const purpose = {
      purpose: 'db token',
      reason: options.reason,
      profile: context.globals.profile,
      momentary: true,
    };
    if (context.globals.plan) {
      const { planToken } = await import('../../db/plan-connect.ts');
      return context.output.plan(planToken(config, request, purpose));
    }
    const { identityParts } = await import('../../identity/identity-parts.ts');
    const { withAccess } = await import('../../access/with-access.ts');
    const { accessRequest } = await import('../../db/access-request.ts');
    const { locateEndpoint } = await import('../../db/locate-endpoint.ts');
    const { authTokenLifetimeMs } = await import('../../db/auth-token.ts');
    const { signToken } = await import('../../db/connection-token.ts');
    const { observeAws } = await import('../../identity/observe-aws.ts');
    const parts = observeAws({ ...identityParts(context), config });
    const signed = await withAccess(parts, accessRequest(request, purpose), async (access) => {
      const located = await locateEndpoint(parts, access.credentials, request);
      const { user, region } = request;
      const endpoint = { host: located.host, port: request.port ?? located.port, user, region };
      const { token } = await signToken(parts, access, endpoint);
      return { token, endpoint, keysEnd: access.credentials.expiration ?? Number.POSITIVE_INFINITY };
    });
    const token = signed.token.reveal();
    if (context.output.format === 'table') return context.output.raw(`${token}\n`);
    const ends = Math.min(context.host.now() + authTokenLifetimeMs, signed.keysEnd);
    const document = { token, ...signed.endpoint, expiresAt: new Date(ends).toISOString() };
    await context.output.raw(`${JSON.stringify(document)}\n`);
  },
});

/** By flags alone it must work, and fast, where forge.yaml does not: in a container, in a script. */
async function configFor(context: Context, target: string | undefined, { host }: DatabaseOptions) {
  if (target !== undefined || host === undefined || context.globals.env !== undefined)
    return context.config();
  const { emptyConfig } = await import('../../config/build-config.ts');
  return emptyConfig;
}
