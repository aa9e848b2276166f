import { planEnvironmentKeys, withEnvironmentKeys } from '../access/environment-keys.ts';
import { type CommandInput, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import { childEnvironment } from '../identity/aws-variables.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { describeProgram } from '../kube/describe-program.ts';
import { resolveEnvironment } from '../targets/resolve-environment.ts';
import { runChild } from '../terminal/run-child.ts';

interface ExecOptions {
  readonly reason?: string;
  readonly mfaCode?: string;
}

export default defineCommand<ExecOptions>({
  description: 'Runs a command with the credentials of an environment in its environment variables.',
  arguments: [
    { name: '[environment]', description: 'name in forge.yaml; without one the current environment' },
  ],
  options: [
    { flags: '--reason <text>', description: 'why; it is recorded with your name; production needs one' },
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  rest: 'command and its arguments',
  examples: [
    ['forge exec dev -- aws s3 ls', 'the AWS CLI as what you are in dev'],
    ['forge exec dev -- terraform plan', 'everything after -- is passed on as it is'],
    [
      'forge exec prod-wealth --reason "INC-123: stuck orders" -- ./report.sh',
      'production needs a reason, if you have access at all',
    ],
  ],
  details: `The command gets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, AWS_REGION,
AWS_DEFAULT_REGION and FORGE_ENV; AWS_PROFILE and whatever else would point elsewhere is removed, and NODE_OPTIONS.
The exit code is the command's own; 126 and 127 as in a shell when it can't be run or found; 128 + n when signal n
ended it. Ctrl-C goes to the command; SIGTERM and SIGHUP are handed on to it.`,
  run: runExec,
});

async function runExec(context: Context, input: CommandInput<ExecOptions>): Promise<number> {
  const { host, globals, output } = context;
  const [command, ...args] = input.rest;
  if (command === undefined || command === '') {
    throw new ForgeError('usage', 'There is no command to run.', {
      code: 'USAGE',
      hint: 'Put it after two dashes: forge exec dev -- aws s3 ls',
    });
  }
  const config = await context.config();
  const current = { flag: globals.env, variable: host.env.FORGE_ENV };
  const environment = resolveEnvironment(config, input.args[0], current);
  const { reason, mfaCode } = input.options;
  const { profile, region } = globals;
  const request = {
    environment,
    profile,
    region,
    purpose: 'exec',
    program: describeProgram(command, args),
    reason,
    mfaCode,
  };
  if (globals.plan) {
    const line = `run ${[command, ...args].map((word) => JSON.stringify(word)).join(' ')} with the keys in its environment variables`;
    output.plan(
      planEnvironmentKeys(config, request, {
        summary: `Run ${command} with credentials of ${environment.name} (${environment.account}).`,
        steps: [{ kind: 'local', what: line }],
        equivalents: [`AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_SESSION_TOKEN=… ${command} …`],
      }),
    );
    return 0;
  }
  return withEnvironmentKeys({ ...identityParts(context), config }, request, async (access) => {
    const keys = {
      credentials: access.credentials,
      region: access.region,
      environment: environment.name,
    };
    return runChild(context, command, args, childEnvironment(host.env, keys));
  });
}
