import type { CommandDefinition } from './command.ts';
import { ForgeError } from './errors.ts';
import type { Host } from './host.ts';
import { nearest } from './lib/nearest.ts';

interface Entry {
  readonly path: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly default: CommandDefinition<never> }>;
}

/** The command tree in --help order, one line a command. A command's file is loaded only when it runs. */
const groups: readonly { readonly title: string; readonly entries: readonly Entry[] }[] = [
  {
    title: 'Sign in',
    entries: [
      {
        path: 'login',
        summary: 'sign in through IAM Identity Center',
        load: () => import('./commands/login.ts'),
      },
      {
        path: 'logout',
        summary: 'sign out and remove what forge stored',
        load: () => import('./commands/logout.ts'),
      },
      {
        path: 'whoami',
        summary: 'who you are, where you can go, and for how long',
        load: () => import('./commands/whoami.ts'),
      },
    ],
  },
  {
    title: 'Databases',
    entries: [
      {
        path: 'db connect',
        summary: 'open psql, or a built-in shell, on a database',
        load: () => import('./commands/db/connect.ts'),
      },
      {
        path: 'db query',
        summary: 'run SQL from a script: table, json, csv, ndjson',
        load: () => import('./commands/db/query.ts'),
      },
      { path: 'db list', summary: 'databases you can name', load: () => import('./commands/db/list.ts') },
      {
        path: 'db check',
        summary: 'test each step to a database, and say what to do',
        load: () => import('./commands/db/check.ts'),
      },
      {
        path: 'db token',
        summary: 'print an RDS IAM auth token',
        load: () => import('./commands/db/token.ts'),
      },
    ],
  },
  {
    title: 'Credentials for other programs',
    entries: [
      {
        path: 'exec',
        summary: 'run a command with credentials of an environment',
        load: () => import('./commands/exec.ts'),
      },
      {
        path: 'env',
        summary: 'print shell lines that export credentials',
        load: () => import('./commands/env.ts'),
      },
      {
        path: 'credentials',
        summary: 'print credentials as a credential_process does',
        load: () => import('./commands/credentials.ts'),
      },
      {
        path: 'console',
        summary: "open an environment's AWS console in the browser",
        load: () => import('./commands/console.ts'),
      },
    ],
  },
  {
    title: 'Set up',
    entries: [
      { path: 'config init', summary: 'write a forge.yaml', load: () => import('./commands/config/init.ts') },
      {
        path: 'config show',
        summary: 'the configuration as forge reads it',
        load: () => import('./commands/config/show.ts'),
      },
      {
        path: 'config check',
        summary: 'find mistakes in the configuration',
        load: () => import('./commands/config/check.ts'),
      },
      {
        path: 'config path',
        summary: 'which files the configuration comes from',
        load: () => import('./commands/config/path.ts'),
      },
      {
        path: 'config aws-profiles',
        summary: 'write ~/.aws/config profiles that ask forge for credentials',
        load: () => import('./commands/config/aws-profiles.ts'),
      },
    ],
  },
  {
    title: 'Rehearse',
    entries: [
      {
        path: 'sandbox start',
        summary: 'start an AWS on loopback, with a real PostgreSQL',
        load: () => import('./commands/sandbox/start.ts'),
      },
      {
        path: 'sandbox run',
        summary: 'run one command in the sandbox',
        load: () => import('./commands/sandbox/run.ts'),
      },
      {
        path: 'sandbox shell',
        summary: 'open a shell in the sandbox',
        load: () => import('./commands/sandbox/shell.ts'),
      },
      {
        path: 'sandbox status',
        summary: 'what runs, and where',
        load: () => import('./commands/sandbox/status.ts'),
      },
      {
        path: 'sandbox stop',
        summary: 'stop the sandbox and remove all of it',
        load: () => import('./commands/sandbox/stop.ts'),
      },
    ],
  },
];

/** Global options that take a value: needed to find the command's words between them. */
const valued = new Set(['--output', '--env', '--config', '--profile', '--region']);
const globalOptions = new Set([...valued, '--no-input', '--quiet', '--debug', '--plan']);

/** Runs what argv names and answers its exit code. */
export async function runProgram(argv: readonly string[], host: Host): Promise<number> {
  const dashes = argv.indexOf('--');
  const typed = dashes < 0 ? argv : argv.slice(0, dashes);
  const rest = dashes < 0 ? undefined : argv.slice(dashes + 1);
  // `forge help db connect` is `forge db connect --help`.
  const asksByWord = typed[0] === 'help';
  const own = asksByWord ? typed.slice(1) : typed;
  const help = asksByWord || own.includes('--help') || own.includes('-h');
  const positions = wordPositions(own);
  const words = positions.map((position) => own[position] ?? '');
  const [entry, used] = find(words);
  if (entry === undefined) {
    host.stdout.write(helpWithoutCommand(words, own, help));
    return 0;
  }
  const { default: definition } = await entry.load();
  const { runCommand } = await import('./run-command.ts');
  const taken = new Set(positions.slice(0, used));
  const line = { words: own.filter((_, index) => !taken.has(index)), rest, help };
  return runCommand(entry.path, definition, line, host);
}

/** Nothing runs: the whole tree or a group of it, unless something was typed that does not exist. */
function helpWithoutCommand(words: readonly string[], own: readonly string[], help: boolean): string {
  const [group, second] = words;
  if (group !== undefined) {
    if (!isGroup(group) || second !== undefined) throw unknownCommand(words);
    return groupHelp(group);
  }
  const stray = own.find((word) => word.startsWith('-') && !globalOptions.has(word));
  if (stray !== undefined && !help) throw unknownOption(stray);
  return overview();
}

/** Positions of what is neither an option nor a global option's value. */
function wordPositions(own: readonly string[]): number[] {
  const positions: number[] = [];
  for (let index = 0; index < own.length; index++) {
    const word = own[index] ?? '';
    if (valued.has(word)) index++;
    else if (!word.startsWith('-')) positions.push(index);
  }
  return positions;
}

const entries = groups.flatMap((group) => group.entries);

function find(words: readonly string[]): [Entry, number] | [undefined, 0] {
  for (const count of [2, 1]) {
    const path = words.slice(0, count).join(' ');
    const entry = words.length >= count ? entries.find((candidate) => candidate.path === path) : undefined;
    if (entry !== undefined) return [entry, count];
  }
  return [undefined, 0];
}

function isGroup(word: string): boolean {
  return entries.some((entry) => entry.path.startsWith(`${word} `));
}

function unknownCommand(words: readonly string[]): ForgeError {
  const [first = '', second] = words;
  const inGroup = isGroup(first) && second !== undefined;
  const typed = inGroup ? `${first} ${second}` : first;
  const paths = entries.map((entry) => entry.path);
  const tops = [...new Set(paths.map((path) => path.split(' ')[0] ?? ''))];
  const near = inGroup
    ? nearest(
        typed,
        paths.filter((path) => path.startsWith(`${first} `)),
      )
    : (nearest(words.slice(0, 2).join(' '), paths) ?? nearest(first, tops));
  return new ForgeError('usage', `There is no command "forge ${typed}".`, {
    code: 'UNKNOWN_COMMAND',
    hint:
      near === undefined ? `See forge ${inGroup ? `${first} ` : ''}--help.` : `Did you mean: forge ${near}`,
  });
}

function unknownOption(word: string): ForgeError {
  return new ForgeError('usage', `There is no option ${word}.`, { code: 'USAGE', hint: 'See forge --help.' });
}

function overview(): string {
  const width = Math.max(...entries.map((entry) => entry.path.length)) + 2;
  const blocks = groups.map(
    (group) =>
      `${group.title}\n${group.entries.map((entry) => `  ${entry.path.padEnd(width)}${entry.summary}\n`).join('')}`,
  );
  return `forge: developers' way to AWS, in one binary

Usage: forge <command> [options]

${blocks.join('\n')}
Every command takes
  --output json|table   what stdout carries        --plan       say what would happen, and stop
  --env <name>          the environment meant      --no-input   never ask; fail instead
  --config <file>       another forge.yaml         --quiet      only results, warnings and errors
  --profile, --region   as the AWS CLI has them    --debug      show what happens

Examples
  forge login                          sign in, in the browser or with a code
  forge db connect dev                 psql on the dev database, over IAM and verified TLS
  forge sandbox run -- forge whoami    try it all on an AWS on loopback

forge <command> --help shows options and examples.
`;
}

function groupHelp(group: string): string {
  const own = entries.filter((entry) => entry.path.startsWith(`${group} `));
  const width = Math.max(...own.map((entry) => entry.path.length)) + 2;
  return `Usage: forge ${group} <command> [options]

${own.map((entry) => `  ${entry.path.padEnd(width)}${entry.summary}\n`).join('')}
forge ${group} <command> --help shows options and examples.
`;
}
