import { defineCommand } from '../../command.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';
import { describeSandbox } from './describe-sandbox.ts';

export default defineCommand({
  description: 'Says whether the sandbox runs, who can sign in, and where its databases are.',
  examples: [
    ['forge sandbox status', 'exit code 0 when it runs, 1 when it does not'],
    ['forge sandbox status --output json', 'the same for a script'],
  ],
  plannable: false,
  async run({ host, output }) {
    const state = await findSandbox(host, sandboxFolder(host));
    if (state !== undefined) {
      output.result(await describeSandbox(state, host.now()));
      return 0;
    }
    output.result({
      data: { running: false },
      text: (style) => `${style.plain('The sandbox does not run.')}\n${style.bold('forge sandbox start')}`,
    });
    return 1;
  },
});
