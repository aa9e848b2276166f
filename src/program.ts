import { entries, groups } from './command-tree.ts';
import { ForgeError } from './errors.ts';
import { findEntry, plainGlobals, valuedGlobals, wordPositions } from './find-entry.ts';
import type { Host } from './host.ts';
import { nearest } from './lib/nearest.ts';

const globalOptions = new Set<string>([...valuedGlobals, ...plainGlobals]);

/** Runs what argv names and answers its exit code. */
export async function runProgram(argv: readonly string[], host: Host): Promise<number> {
  if (argv[0] === '__complete') {
    const { complete } = await import('./complete.ts');
    host.stdout.write((await complete(argv.slice(1), host)).map((candidate) => `${candidate}\n`).join(''));
    return 0;
  }
  const dashes = argv.indexOf('--');
  const typed = dashes < 0 ? argv : argv.slice(0, dashes);
  const rest = dashes < 0 ? undefined : argv.slice(dashes + 1);
  // `forge help db connect` is `forge db connect --help`.
  const asksByWord = typed[0] === 'help';
  const own = asksByWord ? typed.slice(1) : typed;
  const help = asksByWord || own.includes('--help') || own.includes('-h');
  const positions = wordPositions(own);
  const words = positions.map((position) => own[position] ?? '');
  const [entry, used] = findEntry(words);
  if (entry === undefined) {
    const { wrapColumns } = await import('./lib/wrap-columns.ts');
    host.stdout.write(wrapColumns(helpWithoutCommand(words, own, help), host.stdout.columns || 100));
    return 0;
  }
  const { default: definition } = await entry.load();
  const { runCommand } = await import('./run-command.ts');
  const taken = new Set(positions.slice(0, used));
  const below = entries.flatMap(({ path }) =>
    path.startsWith(`${entry.path} `) ? [path.slice(entry.path.length + 1)] : [],
  );
  const line = { words: own.filter((_, index) => !taken.has(index)), rest, help, below };
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
  --grant <id>          in production, within break-glass that was approved: bg-7f3k
  --ticket <id>         with --reason, without a terminal: ask for the access that is missing

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
