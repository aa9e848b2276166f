import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { runInSandbox } from '../../sandbox/process/run-in-sandbox.ts';
import { findPerson, sandboxEnvironment } from '../../sandbox/process/sandbox-environment.ts';
import { withSandbox } from './with-sandbox.ts';

export default defineCommand<{ as?: string }>({
  description:
    'Runs one command in the sandbox: AWS endpoint, region, HOME and databases are its own, and no AWS keys, profiles or settings of yours reach it. Without a running sandbox, one is started for the command and ended after it.',
  options: [
    {
      flags: '--as <person>',
      description: 'who you are: dana (default), quinn, nico, sam, alex, casey, bo, mia, sven, noor',
    },
  ],
  rest: 'command and its arguments',
  examples: [
    ['forge sandbox run -- forge login', 'sign in as dana'],
    ['forge sandbox run -- forge db query dev "select count(*) from orders"', 'a query over IAM and TLS'],
    ['forge sandbox run --as sam -- aws sts get-caller-identity', 'the AWS CLI, unmodified'],
  ],
  details: 'The exit code is that of the command. `forge` in there is this forge.',
  async run(context, { options, rest }) {
    const [command, ...args] = rest;
    if (command === undefined) {
      throw new ForgeError('usage', 'There is no command to run.', {
        code: 'USAGE',
        hint: 'forge sandbox run -- forge whoami',
      });
    }
    const { host, output, globals } = context;
    if (globals.plan) {
      output.plan({
        summary: `Run ${command} in the sandbox.`,
        steps: [
          { kind: 'local', what: 'use the running sandbox, or start one and end it after the command' },
          { kind: 'local', what: `run ${[command, ...args].join(' ')} as ${options.as ?? 'dana'}` },
        ],
        equivalents: [],
      });
      return 0;
    }
    return withSandbox(context, (state) => {
      const env = sandboxEnvironment(state, findPerson(state, options.as), host.env, host.platform);
      return runInSandbox(host, command, args, env);
    });
  },
});
