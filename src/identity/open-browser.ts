import type { Host } from '../host.ts';

export interface BrowserCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * What to run to show a page, best first: the alternatives in BROWSER, as Python's webbrowser and xdg-open read it
 * (a list of commands, `%s` stands for the address), else the system's own opener. Never through a shell.
 */
export function browserCommands(
  host: Pick<Host, 'env' | 'platform'>,
  url: string,
): readonly BrowserCommand[] {
  const { env, platform } = host;
  const chosen = (env.BROWSER ?? '')
    .split(platform === 'win32' ? ';' : ':')
    .map((text) => splitWords(text, platform))
    .filter((words) => words.length > 0);
  if (chosen.length > 0) {
    return chosen.map(([command = '', ...args]) => ({
      command,
      args: args.some((arg) => arg.includes('%s'))
        ? args.map((arg) => arg.replaceAll('%s', () => url))
        : [...args, url],
    }));
  }
  if (platform === 'darwin') return [{ command: 'open', args: [url] }];
  if (platform === 'win32') return [{ command: 'rundll32', args: ['url.dll,FileProtocolHandler', url] }];
  const opener = { command: 'xdg-open', args: [url] };
  return env.WSL_DISTRO_NAME ? [{ command: 'wslview', args: [url] }, opener] : [opener];
}

/** Words with quotes, as a shell would take them, and nothing else of a shell. Backslashes are Windows' own. */
export function splitWords(text: string, platform: NodeJS.Platform): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
      else word = (word ?? '') + character;
    } else if (character === '"' || (character === "'" && platform !== 'win32')) {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '\\' && platform !== 'win32' && index + 1 < text.length) {
      word = (word ?? '') + (text[++index] ?? '');
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

export interface OpenedBrowser {
  /** Resolves with false when what opens browsers says that it could not. Never rejects. */
  readonly opened: Promise<boolean>;
}

/** Starts the first command that exists and lets it go: forge does not end with the browser, nor it with forge. */
export function openBrowser(host: Pick<Host, 'env' | 'platform' | 'spawn'>, url: string): OpenedBrowser {
  return { opened: tryCommands(host, browserCommands(host, url)) };
}

async function tryCommands(
  host: Pick<Host, 'env' | 'spawn'>,
  commands: readonly BrowserCommand[],
): Promise<boolean> {
  // A browser lives long and is large: it gets no keys that happen to be in the environment.
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, AWS_SESSION_TOKEN: ___, ...env } = host.env;
  for (const { command, args } of commands) {
    const works = await new Promise<boolean>((resolve) => {
      const child = host.spawn(command, args, { env, stdio: 'ignore', detached: true });
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
      // An opener that still runs is a browser itself.
      const timer = setTimeout(() => resolve(true), 3_000);
      timer.unref();
      child.unref();
    });
    if (works) return true;
  }
  return false;
}
