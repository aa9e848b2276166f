import { basename } from 'node:path';
import { planEnvironmentKeys, withEnvironmentKeys } from '../access/environment-keys.ts';
import { type CommandInput, defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import {
  type AwsVariables,
  awsVariables,
  conflictingVariables,
  ownVariables,
} from '../identity/aws-variables.ts';
import { identityParts } from '../identity/identity-parts.ts';
import { resolveEnvironment } from '../targets/resolve-environment.ts';
import { exportLine, type Shell, shells, unsetLine } from '../terminal/shell-lines.ts';

interface EnvOptions {
  readonly shell?: Shell;
  readonly unset?: boolean;
  readonly reason?: string;
  readonly mfaCode?: string;
}

export default defineCommand<EnvOptions>({
  description: "Prints shell lines that export an environment's credentials, to be evaluated by the shell.",
  arguments: [
    { name: '[environment]', description: 'name in forge.yaml; without one the current environment' },
  ],
  options: [
    {
      flags: '--shell <shell>',
      description: 'which shell the lines are for; else SHELL says',
      choices: shells,
    },
    { flags: '--unset', description: 'print lines that remove what forge env has exported' },
    { flags: '--reason <text>', description: 'why; it is recorded with your name; production needs one' },
    { flags: '--mfa-code <code>', description: 'of the MFA device, where a role asks for it' },
  ],
  examples: [
    ['eval "$(forge env dev)"', 'bash and zsh'],
    ['forge env dev --shell fish | source', 'fish'],
    ['forge env dev --shell powershell | Out-String | Invoke-Expression', 'PowerShell'],
    ['eval "$(forge env --unset)"', 'and away again'],
  ],
  details: `forge exec gives the same to one command only, which is the better habit. The keys are not printed on a terminal,
where scrollback and recordings would keep them.`,
  textOnly: true,
  run: runEnv,
});

async function runEnv(context: Context, input: CommandInput<EnvOptions>): Promise<void> {
  const { host, globals, output } = context;
  const { reason, mfaCode, unset } = input.options;
  const shell = input.options.shell ?? usualShell(host);
  if (unset === true) {
    if (globals.plan) {
      return output.plan({
        summary: 'Print lines that remove the variables.',
        steps: [],
        equivalents: ownVariables.map((name) => unsetLine(shell, name)),
      });
    }
    return output.raw(lines(ownVariables.map((name) => unsetLine(shell, name))));
  }
  const config = await context.config();
  const current = { flag: globals.env, variable: host.env.FORGE_ENV };
  const environment = resolveEnvironment(config, input.args[0], current);
  const { profile, region } = globals;
  const request = { environment, profile, region, purpose: 'env', reason, mfaCode };
  if (globals.plan) {
    return output.plan(
      planEnvironmentKeys(config, request, {
        summary: `Print credentials of ${environment.name} (${environment.account}) as lines for ${shell}.`,
        steps: [{ kind: 'local', what: `print ${shell} lines that set ${ownVariables.join(', ')}` }],
        equivalents: ['aws configure export-credentials --format env'],
      }),
    );
  }
  refuseTerminal(host, environment.name);
  await withEnvironmentKeys({ ...identityParts(context), config }, request, async (access) => {
    const keys = { credentials: access.credentials, region: access.region, environment: environment.name };
    await output.raw(lines(exportLines(shell, awsVariables(keys))));
  });
}

/** What else would win over the keys is removed first. */
function exportLines(shell: Shell, variables: AwsVariables): string[] {
  return [
    ...conflictingVariables.map((name) => unsetLine(shell, name)),
    ...ownVariables.map((name) => {
      const value = variables[name];
      return value === undefined ? unsetLine(shell, name) : exportLine(shell, name, value);
    }),
  ];
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}

function refuseTerminal(host: Host, environment: string): void {
  if (!host.stdout.isTTY) return;
  throw new ForgeError('usage', 'Keys are not printed on a terminal.', {
    code: 'SECRET_ON_TERMINAL',
    hint: `eval "$(forge env ${environment})", or for one command: forge exec ${environment} -- <command>`,
  });
}

function usualShell({ env, platform }: Pick<Host, 'env' | 'platform'>): Shell {
  const name = basename(env.SHELL ?? '').replace(/\.exe$/i, '');
  if (name === '') return platform === 'win32' ? 'powershell' : 'bash';
  if (name === 'pwsh') return 'powershell';
  return shells.find((shell) => shell === name) ?? 'bash';
}
