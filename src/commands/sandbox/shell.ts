import { defineCommand } from '../../command.ts';
import { runInSandbox } from '../../sandbox/process/run-in-sandbox.ts';
import { findPerson, sandboxEnvironment } from '../../sandbox/process/sandbox-environment.ts';
import { sandboxShell } from '../../sandbox/process/sandbox-shell.ts';
import { warnOfOldAwsCli } from '../../sandbox/process/warn-of-old-aws-cli.ts';
import { withSandbox } from './with-sandbox.ts';

export default defineCommand<{ as?: string }>({
  description:
    'Opens a shell in the sandbox: forge, aws, psql and every AWS SDK in it talk to the sandbox, and to nothing else of AWS. Leave it with exit.',
  options: [
    { flags: '--as <person>', description: 'who you are: dana (default), quinn, nico, sam, alex, casey, bo' },
  ],
  examples: [
    ['forge sandbox shell', 'as dana, a developer'],
    ['forge sandbox shell --as sam', 'as sam, who is on call'],
  ],
  details:
    'The shell is $SHELL. Your own start-up files are not read: they could set AWS variables that lead out.\nWithout a running sandbox, one is started and ends with the shell.\nThe AWS CLI follows from version 2.13 (1.29) on: older ones do not know AWS_ENDPOINT_URL.',
  async run(context, { options }) {
    const { host, output, globals } = context;
    if (globals.plan) {
      output.plan({
        summary: 'Open a shell in the sandbox.',
        steps: [
          { kind: 'local', what: 'use the running sandbox, or start one and end it after the shell' },
          { kind: 'local', what: `run a shell as ${options.as ?? 'dana'}` },
        ],
        equivalents: [],
      });
      return 0;
    }
    // Python starts slowly: side by side with the sandbox.
    const oldAws = warnOfOldAwsCli(host);
    return withSandbox(context, async (state) => {
      const person = findPerson(state, options.as);
      const shell = await sandboxShell(host, state, person);
      output.note(
        `SANDBOX: you are ${person.userName} (${person.title}). Sign in with: forge login. Leave with: exit`,
      );
      const warning = await oldAws;
      if (warning !== undefined) output.warn(warning);
      const env = sandboxEnvironment(state, person, host.env, host.platform);
      return runInSandbox(host, shell.command, shell.args, { ...env, ...shell.env });
    });
  },
});
