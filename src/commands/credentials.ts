import { planEnvironmentKeys, withEnvironmentKeys } from '../access/environment-keys.ts';
import { type CommandInput, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import { resolveEnvironment } from '../targets/resolve-environment.ts';

interface CredentialsOptions {
  readonly reason?: string;
  readonly mfaCode?: string;
}

export default defineCommand<CredentialsOptions>({
  description:
    'Prints credentials of an environment as a credential_process does, for the AWS CLI, the SDKs and Terraform.',
  arguments: [
    { name: '[environment]', description: 'name in forge.yaml; without one the current environment' },
  ],
  options: [
    { flags: '--reason <text>', description: 'why; it is recorded with your name; production needs one' },
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  examples: [
    ['credential_process = forge credentials dev', 'a line of a profile in ~/.aws/config'],
    ['forge config aws-profiles', 'writes such profiles for all environments'],
  ],
  details: `The JSON is version 1 of https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html. It is not
printed on a terminal, where scrollback and recordings would keep it.`,
  run: runCredentials,
});

async function runCredentials(context: Context, input: CommandInput<CredentialsOptions>): Promise<void> {
  const { host, globals, output } = context;
  const config = await context.config();
  const current = { flag: globals.env, variable: host.env.FORGE_ENV };
  const environment = resolveEnvironment(config, input.args[0], current);
  const { reason, mfaCode } = input.options;
  const { profile, region } = globals;
  const request = { environment, profile, region, purpose: 'credentials', reason, mfaCode };
  if (globals.plan) {
    return output.plan(
      planEnvironmentKeys(config, request, {
        summary: `Print credentials of ${environment.name} (${environment.account}) as a credential_process does.`,
        steps: [{ kind: 'local', what: 'print them as JSON' }],
        equivalents: ['aws configure export-credentials --format process'],
      }),
    );
  }
  if (host.stdout.isTTY) {
    throw new ForgeError('usage', 'Keys are not printed on a terminal.', {
      code: 'SECRET_ON_TERMINAL',
      hint: `For one command: forge exec ${environment.name} -- <command>; for a profile: forge config aws-profiles`,
    });
  }
  const standing = config.signIn !== undefined && environment.permissionSet !== undefined;
  if (profile === undefined && !standing && environment.production === false) {
    // AWS_PROFILE may be the very profile that runs this command: it would run itself for ever.
    throw new ForgeError('usage', `forge.yaml does not say how to sign in for ${environment.name}.`, {
      code: 'NO_PERMISSION_SET',
      hint: 'Give it sign_in and a permission_set, or name another profile: --profile <name>',
    });
  }
  await withEnvironmentKeys({ ...identityParts(context), config }, request, async ({ credentials }) => {
    const { expiration } = credentials;
    const document = {
      Version: 1,
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey.reveal(),
      SessionToken: credentials.sessionToken?.reveal(),
      Expiration: expiration === undefined ? undefined : isoSeconds(expiration),
      AccountId: credentials.account,
    };
    await output.raw(`${JSON.stringify(document)}\n`);
  });
}
