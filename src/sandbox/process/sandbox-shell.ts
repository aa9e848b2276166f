import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Host } from '../../host.ts';
import type { SandboxPerson, SandboxState } from './sandbox-state.ts';

export interface ShellCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The person's shell with a prompt that says where one is. Start-up files of the sandbox stand in for the
 * person's own, which could put other programs first in PATH or set AWS variables.
 */
export async function sandboxShell(
  host: Pick<Host, 'env' | 'platform'>,
  state: SandboxState,
  person: SandboxPerson,
): Promise<ShellCommand> {
  const mark = `sandbox:${person.nickname}`;
  if (host.platform === 'win32') {
    const command = host.env.COMSPEC || 'cmd.exe';
    return { command, args: ['/k'], env: { PROMPT: `($E[33m${mark}$E[0m) $P$G ` } };
  }
  const command = host.env.SHELL || '/bin/sh';
  const folder = join(state.folder, 'shell');
  const file = async (name: string, text: string) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  switch (basename(command)) {
    case 'bash': {
      const prompt = `PS1='\\[\\e[33m\\](${mark})\\[\\e[0m\\] \\w \\$ '\n`;
      return {
        command,
        args: ['--noprofile', '--rcfile', await file(`bash-${person.nickname}`, prompt), '-i'],
        env: {},
      };
    }
    case 'zsh': {
      await file('.zshrc', `PROMPT="%F{yellow}(sandbox:\${FORGE_SANDBOX_PERSON})%f %~ %# "\n`);
      return {
        command,
        args: ['-d', '-i'],
        env: { ZDOTDIR: folder, FORGE_SANDBOX_PERSON: person.nickname },
      };
    }
    case 'fish': {
      const prompt = `function fish_prompt; set_color yellow; echo -n '(${mark})'; set_color normal; echo -n ' '(prompt_pwd)' > '; end`;
      return { command, args: ['--no-config', '--interactive', '--init-command', prompt], env: {} };
    }
    default:
      return { command, args: ['-i'], env: { PS1: `(${mark}) $ `, ENV: '' } };
  }
}
