import { defineCommand } from '../../command.ts';
import { findSandboxControl, stopSandbox } from '../../sandbox/process/find-sandbox.ts';
import { removeSandboxFolder, sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';

export default defineCommand({
  description: 'Ends the sandbox and removes all of it: processes, databases, homes, files.',
  examples: [['forge sandbox stop', 'also fine when none runs']],
  async run({ host, output, globals }) {
    const folder = sandboxFolder(host);
    const state = await findSandboxControl(host, folder);
    if (globals.plan) {
      output.plan({
        summary: state === undefined ? 'No sandbox runs.' : `End the sandbox of process ${state.pid}.`,
        steps: [{ kind: 'local', what: `remove ${folder} and all that is in it` }],
        equivalents: [],
      });
      return 0;
    }
    if (state !== undefined) await stopSandbox(host, state);
    // What a killed one left, too.
    await removeSandboxFolder(folder);
    output.note(state === undefined ? 'No sandbox runs.' : 'The sandbox has ended; nothing of it is left.');
    output.result({ data: { stopped: state !== undefined }, text: () => '' });
    return 0;
  },
});
