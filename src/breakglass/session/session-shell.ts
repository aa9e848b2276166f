import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findProgram } from '../../files/find-program.ts';
import type { Host } from '../../host.ts';
import { quotePosix } from '../../lib/quote-posix.ts';
import { endsAtName } from './open-sessions.ts';
import {
  bashPrompt,
  fishPrompt,
  type PromptFacts,
  powershellPrompt,
  variableLines,
  zshPrompt,
} from './prompt-lines.ts';
import type { SessionVariables } from './session-variables.ts';

export interface SessionShell {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** false: this shell can't be given a prompt that leaves the person's own alone. */
  readonly hasPrompt: boolean;
}

/**
 * The person's own shell with their own start-up files, and after those a prompt that says where one is and for how
 * long. The files that do this are written into `folder`; they hold no secret.
 */
export async function sessionShell(
  host: Pick<Host, 'env' | 'platform' | 'directories'>,
  folder: string,
  variables: SessionVariables,
  session: Omit<PromptFacts, 'endsFile'>,
): Promise<SessionShell> {
  const facts: PromptFacts = { ...session, endsFile: join(folder, endsAtName) };
  if (host.platform === 'win32') {
    const command = findProgram(host, 'pwsh') ?? 'powershell.exe';
    const lines = `${variableLines('powershell', variables)}\n${powershellPrompt(facts)}`;
    const args = ['-NoLogo', '-NoExit', '-Command', lines.replaceAll('\n', '; ')];
    return { command, args, env: {}, hasPrompt: true };
  }
  const command = host.env.SHELL || '/bin/sh';
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), `${text}\n`, { mode: 0o600 });
    return join(folder, name);
  };
  switch (basename(command)) {
    case 'bash': {
      const text = [
        '[ -f ~/.bashrc ] && . ~/.bashrc',
        variableLines('bash', variables),
        bashPrompt(facts),
      ].join('\n');
      return { command, args: ['--rcfile', await file('bashrc', text), '-i'], env: {}, hasPrompt: true };
    }
    case 'zsh': {
      const own = host.env.ZDOTDIR || host.directories.home;
      await file('.zshenv', zshenv(own, folder));
      const text = [zshrc(folder), variableLines('zsh', variables), zshPrompt(facts)].join('\n');
      await file('.zshrc', text);
      return { command, args: ['-i'], env: { ZDOTDIR: folder }, hasPrompt: true };
    }
    case 'fish': {
      const text = `${variableLines('fish', variables)}\n${fishPrompt(facts)}`;
      const path = await file('prompt.fish', text);
      return { command, args: ['-i', '-C', `source ${quotePosix(path)}`], env: {}, hasPrompt: true };
    }
    default:
      return { command, args: ['-i'], env: {}, hasPrompt: false };
  }
}

/** zsh has no option for another start-up file, only for another folder: the person's own is read from theirs. */
function zshenv(own: string, folder: string): string {
  return `export ZDOTDIR=${quotePosix(own)}
[[ -f "$ZDOTDIR/.zshenv" ]] && . "$ZDOTDIR/.zshenv"
__forge_zdotdir=$ZDOTDIR
export ZDOTDIR=${quotePosix(folder)}`;
}

/** A history file that a start-up file of the machine put beside ours belongs beside theirs. */
function zshrc(folder: string): string {
  return `ZDOTDIR=$__forge_zdotdir
[[ "$HISTFILE" == ${quotePosix(folder)}/* ]] && HISTFILE="$ZDOTDIR/\${HISTFILE:t}"
[[ "$ZDOTDIR" == "$HOME" ]] && unset ZDOTDIR
[[ -f "\${ZDOTDIR:-$HOME}/.zshrc" ]] && . "\${ZDOTDIR:-$HOME}/.zshrc"`;
}
