import command from '../../../src/commands/config/aws-profiles.ts';
import { systemHost } from '../../../src/host.ts';
import { runCommand } from '../../../src/run-command.ts';

/** One forge of the fifty. */
const words = process.argv.slice(4);
process.exitCode = await runCommand(
  'config aws-profiles',
  command as never,
  { words, rest: undefined, help: false, below: [] },
  systemHost(),
);
