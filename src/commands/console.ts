import { refusal } from '../access/may-i.ts';
import { withAccess } from '../access/with-access.ts';
import { type CommandInput, defineCommand } from '../command.ts';
import type { Config, Environment } from '../config/config.ts';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import { parseCallerArn } from '../identity/caller-arn.ts';
import { consoleLink } from '../identity/console-link.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { resolveEnvironment } from '../targets/resolve-environment.ts';

interface ConsoleOptions {
  readonly destination?: string;
  readonly print?: boolean;
  readonly reason?: string;
}

export default defineCommand<ConsoleOptions>({
  description: "Opens the AWS console of an environment's account, through the IAM Identity Center portal.",
  arguments: [
    { name: '[environment]', description: 'name in forge.yaml; without one the current environment' },
  ],
  options: [
    { flags: '--destination <url>', description: 'page of the console to open' },
    { flags: '--print', description: 'only print the address' },
    { flags: '--reason <text>', description: 'why; in production it is recorded with your name' },
  ],
  examples: [
    ['forge console dev', 'in the browser'],
    ['forge console dev --print', 'to open it elsewhere'],
    [
      'forge console dev --destination https://us-east-1.console.aws.amazon.com/rds/home',
      'straight to a page',
    ],
    ['forge console prod-cash --grant bg-7f3k', 'production, with access that was asked for'],
  ],
  details: `The address holds no secret: whoever opens it signs in at the portal as themselves. It is always printed; a browser
opens only when somebody is at the terminal. In production it leads to what you hold there, by break-glass or standing, and is recorded:
without either it is refused.`,
  run: runConsole,
});

async function runConsole(context: Context, input: CommandInput<ConsoleOptions>): Promise<void> {
  const { host, globals, output, prompt } = context;
  const config = await context.config();
  const current = { flag: globals.env, variable: host.env.FORGE_ENV };
  const environment = resolveEnvironment(config, input.args[0], current);
  if (globals.plan) {
    const refused = refusal({
      config,
      environment,
      purpose: 'console',
      reason: undefined,
      grant: globals.grant,
    });
    if (refused !== undefined) throw refused;
  }
  const { signIn } = config;
  const { account } = environment;
  const held =
    environment.production && !globals.plan
      ? await heldSet(context, config, environment, input.options.reason)
      : undefined;
  const permissionSet = held ?? environment.permissionSet;
  if (signIn === undefined || permissionSet === undefined) {
    throw new ForgeError('usage', `forge.yaml does not say how to sign in for ${environment.name}.`, {
      code: 'NO_PERMISSION_SET',
      hint: 'Give it sign_in and a permission_set: forge config check',
    });
  }
  const { destination, print } = input.options;
  const url = consoleLink({ signIn, account, permissionSet, destination });
  const opens = print !== true && prompt.possible;
  if (globals.plan) {
    return output.plan({
      summary: `Open the console of ${environment.name} (${account}) as ${permissionSet}.`,
      steps: [
        { kind: 'local', what: `print ${url}` },
        ...(opens ? [{ kind: 'local' as const, what: 'open it in the browser' }] : []),
      ],
      equivalents: [],
    });
  }
  output.result({ data: { environment: environment.name, url, opened: opens }, text: () => url });
  if (!opens) return;
  const { openBrowser } = await import('../identity/open-browser.ts');
  if (!(await openBrowser(host, url).opened))
    output.note('No browser could be opened: open the address yourself.');
}

/**
 * Production: which permission set the person has there, of a break-glass session or standing. Refused, recorded and
 * asked for as with each other command: a page of production is a touch of it. Undefined: keys of no permission set.
 */
function heldSet(
  context: Context,
  config: Config,
  environment: Environment,
  reason: string | undefined,
): Promise<string | undefined> {
  const request = {
    environment,
    targetName: environment.name,
    region: context.globals.region ?? environment.region,
    profile: context.globals.profile,
    roles: [],
    purpose: 'console',
    reason,
    // What is done on the pages is unknown.
    write: true,
    momentary: true,
  };
  return withAccess({ ...identityParts(context), config }, request, async ({ credentials, breakglass }) => {
    const permissionSet = parseCallerArn(credentials.callerArn ?? '')?.permissionSet;
    if (permissionSet !== undefined || breakglass === undefined) return permissionSet;
    throw new ForgeError(
      'usage',
      'The access of this session has no console page: its role is none of the portal’s.',
      {
        code: 'NO_PERMISSION_SET',
        hint: `With its keys: aws … in this shell. For the console: forge breakglass --tier 1 --env ${environment.name} …`,
      },
    );
  });
}
