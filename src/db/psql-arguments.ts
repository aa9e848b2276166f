import { ForgeError } from '../errors.ts';

/** Options of psql that take a value, by letter and long name. */
const valued: Readonly<Record<string, string>> = {
  c: 'command',
  d: 'dbname',
  f: 'file',
  F: 'field-separator',
  h: 'host',
  L: 'log-file',
  o: 'output',
  p: 'port',
  P: 'pset',
  R: 'record-separator',
  T: 'table-attr',
  U: 'username',
  v: 'set',
};
const valuedNames = [...Object.values(valued), 'variable'];

/** Those that say where to connect or how to log in: forge has said it, and sends a token along. */
const refused: Readonly<Record<string, string>> = {
  dbname: '--database',
  host: '--host',
  port: '--port',
  username: '--user',
  password: '',
};
const plainNames = ['help', 'html', 'no-password', 'pset', 'no-psqlrc'];

export interface PsqlArguments {
  /** No statements are given: a person types, if there is a terminal. */
  readonly asksForInput: boolean;
  /** -X: psql reads no start-up file, so the prompt stays plain. */
  readonly skipsRc: boolean;
}

/** Reads what follows `--` as psql would. Throws usage PSQL_ARGUMENT for what would lead the token elsewhere. */
export function readPsqlArguments(args: readonly string[]): PsqlArguments {
  let asksForInput = true;
  let skipsRc = false;
  const take = (name: string) => {
    const flag = refused[name];
    if (flag !== undefined) throw mayNot(`psql's --${name}`, flag);
    if (name === 'command' || name === 'file' || name === 'list' || name === 'help' || name === 'version')
      asksForInput = false;
    if (name === 'no-psqlrc') skipsRc = true;
  };
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? '';
    if (word === '--') {
      if (index + 1 < args.length)
        throw mayNot(`The argument ${JSON.stringify(args[index + 1])}`, '--database');
      break;
    }
    if (word.startsWith('--')) {
      const [typed = '', value] = word.slice(2).split('=', 2);
      const name = fullName(typed);
      take(name);
      if (value === undefined && valuedNames.includes(name)) index++;
    } else if (word.startsWith('-') && word !== '-') {
      for (let letter = 1; letter < word.length; letter++) {
        const name = valued[word[letter] ?? ''];
        take(name ?? letters[word[letter] ?? ''] ?? '');
        if (name === undefined) continue;
        if (letter === word.length - 1) index++;
        break;
      }
    } else {
      throw mayNot(`The argument ${JSON.stringify(word)}`, '--database');
    }
  }
  return { asksForInput, skipsRc };
}

const letters: Readonly<Record<string, string>> = {
  W: 'password',
  X: 'no-psqlrc',
  l: 'list',
  V: 'version',
  '?': 'help',
};

/** getopt takes any unambiguous beginning of a long name. */
function fullName(typed: string): string {
  const names = [...valuedNames, ...Object.keys(refused), ...plainNames];
  if (names.includes(typed)) return typed;
  return names.find((name) => typed !== '' && name.startsWith(typed)) ?? typed;
}

function mayNot(what: string, flag: string): ForgeError {
  return new ForgeError('usage', `${what} would change where psql connects, and forge has said that.`, {
    code: 'PSQL_ARGUMENT',
    hint:
      flag === '' ? 'Leave it out: forge logs in with a token.' : `Use forge's own ${flag}, before the --.`,
  });
}
