import type { Context } from '../../context.ts';
import { runInSandbox } from '../../sandbox/process/run-in-sandbox.ts';
import { findPerson, sandboxEnvironment } from '../../sandbox/process/sandbox-environment.ts';
import { sandboxShell } from '../../sandbox/process/sandbox-shell.ts';
import { warnOfOldAwsCli } from '../../sandbox/process/warn-of-old-aws-cli.ts';
import { withSandbox } from './with-sandbox.ts';

/** A shell as somebody of the sandbox, until they leave it. Answers its exit code. */
export async function openShell(context: Context, name: string | undefined): Promise<number> {
  const { host, output, globals } = context;
  if (globals.plan) {
    output.plan({
      summary: 'Open a shell in the sandbox.',
      steps: [
        { kind: 'local', what: 'use the running sandbox, or start one and end it after the shell' },
        { kind: 'local', what: `run a shell as ${name ?? 'dana'}` },
      ],
      equivalents: [],
    });
    return 0;
  }
  // Python starts slowly: side by side with the sandbox.
  const oldAws = warnOfOldAwsCli(host);
  return withSandbox(context, async (state) => {
    const person = findPerson(state, name);
    const shell = await sandboxShell(host, state, person);
    output.note(
      `SANDBOX: you are ${person.userName} (${person.title}). Sign in with: forge login. Leave with: exit`,
    );
    const warning = await oldAws;
    if (warning !== undefined) output.warn(warning);
    const env = sandboxEnvironment(state, person, host.env, host.platform);
    return runInSandbox(host, shell.command, shell.args, { ...env, ...shell.env });
  });
}
