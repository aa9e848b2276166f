import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { runOnMany } from './run-on-many.ts';
import { runOnOne } from './run-on-one.ts';
import {
  reasonOption,
  recordOption,
  type Transport,
  transportOf,
  transportOption,
} from './session-options.ts';

export interface RunOptions {
  readonly tag?: readonly string[];
  readonly all?: boolean;
  readonly maxConcurrency?: string;
  readonly maxErrors?: string;
  readonly reason?: string;
  readonly transport?: Transport;
  readonly record?: boolean;
}

export default defineCommand<RunOptions>({
  description:
    'Runs a command on instances. One instance: through a session, stdout and stderr apart, exit code of the command. Several: through Run Command, output grouped by instance.',
  arguments: [
    {
      name: '[instances...]',
      description: 'as forge ssm takes them; tag:key=value and asg:name mean all of them',
    },
  ],
  options: [
    {
      flags: '--tag <key=value>',
      description: 'all instances with this tag; may be given several times, then all must hold',
      parse: (value, previous) => [...(Array.isArray(previous) ? (previous as string[]) : []), value],
    },
    { flags: '--all', description: 'all instances that are online' },
    { flags: '--max-concurrency <n>', description: 'instances at once, as a number or 10% (50)' },
    {
      flags: '--max-errors <n>',
      description: 'failures after which no more instances get it, as a number or 10% (100%)',
    },
    reasonOption,
    transportOption,
    recordOption,
  ],
  rest: 'command',
  examples: [
    ['forge ssm run dev/web-1 -- systemctl status nginx', 'one instance: exit code 3 when it is not running'],
    ['forge ssm run dev/web-1 -- "ps aux | wc -l"', 'one word is a line of shell'],
    ['forge ssm run dev --tag Role=web -- uptime', 'all that carry a tag'],
    [
      'forge ssm run dev --all --max-concurrency 10 --max-errors 0 -- ./patch.sh',
      'ten at a time, none after a failure',
    ],
    ['forge ssm run web-1 web-2 --output json -- hostname', 'several, for a script'],
  ],
  details:
    'Several words after -- are a program and its arguments: nothing in them means anything to a shell.\nWith several instances the exit code is 1 when any failed. Ctrl-C cancels what runs.\nRun Command runs as root, and AWS keeps the command for 30 days: put no secrets in it. Break-glass for instances has none: there, one instance at a time.\nWith --transport plugin what the command writes to stderr comes on stdout: the plugin does not keep them apart.',
  async run(context, { args, options, rest }) {
    const { globals, host } = context;
    const { shellScript } = await import('../../ssm/command-line.ts');
    const script = shellScript(rest);
    const config = await context.config();
    const { selectInstances } = await import('../../ssm/run-selection.ts');
    const flags = { tags: options.tag ?? [], all: options.all === true };
    const selection = selectInstances(config, args, flags, { ...globals, variables: host.env });
    const purpose = { purpose: 'ssm run', reason: options.reason, profile: globals.profile };
    const job = { config, purpose, script, words: rest };
    const transport = transportOf(options, host.env);
    if (selection.kind === 'one' && (options.maxConcurrency ?? options.maxErrors) !== undefined) {
      const flag = options.maxConcurrency === undefined ? '--max-errors' : '--max-concurrency';
      throw new ForgeError('usage', `${flag} is for several instances, and one is named.`, {
        code: 'USAGE',
        hint: 'Leave it out, or say which: several instances, --tag key=value, --all',
      });
    }
    if (selection.kind === 'one') {
      return runOnOne(context, selection.target, { ...job, transport, record: options.record === true });
    }
    if (options.record === true) {
      throw new ForgeError(
        'usage',
        'Run Command keeps what several instances write: nothing is shown to be recorded.',
        {
          code: 'USAGE',
          hint: 'Leave out --record, or name one instance.',
        },
      );
    }
    if (options.transport === 'plugin') {
      throw new ForgeError('usage', 'Several instances are reached by Run Command, which opens no session.', {
        code: 'USAGE',
        hint: 'Leave out --transport plugin, or name one instance.',
      });
    }
    return runOnMany(context, selection, job, options);
  },
});
