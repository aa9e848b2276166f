import { defineCommand } from '../command.ts';
import { ForgeError } from '../errors.ts';

/** The scripts only hand the typed words to `forge __complete`, so they never need to be written anew. */
const scripts: Readonly<Record<string, string>> = {
  bash: `_forge() {
  local IFS=$'\\n'
  COMPREPLY=($(forge __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _forge forge
`,
  zsh: `#compdef forge
_forge() {
  local -a candidates
  candidates=("\${(@f)$(forge __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$candidates" ]]; then compadd -- "\${candidates[@]}"; else _default; fi
}
compdef _forge forge
`,
  fish: `function __forge_complete
  set -l words (commandline -opc) (commandline -ct)
  forge __complete $words[2..-1] 2>/dev/null
end
complete -c forge -a '(__forge_complete)'
`,
};

export default defineCommand({
  description:
    "Prints a script that completes forge's commands, options and the names of your configuration.",
  arguments: [{ name: '<shell>', description: 'bash, zsh or fish' }],
  examples: [
    ['source <(forge completion bash)', 'in ~/.bashrc or ~/.zshrc (with zsh)'],
    ['forge completion fish > ~/.config/fish/completions/forge.fish', 'once, for fish'],
  ],
  plannable: false,
  textOnly: true,
  async run({ output }, { args: [shell = ''] }) {
    const script = scripts[shell];
    if (script === undefined) {
      throw new ForgeError('usage', `There is no completion for "${shell}".`, {
        code: 'UNKNOWN_SHELL',
        hint: `It is one of: ${Object.keys(scripts).join(', ')}.`,
      });
    }
    await output.raw(script);
  },
});
