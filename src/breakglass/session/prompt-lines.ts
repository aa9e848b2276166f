import { quotePosix } from '../../lib/quote-posix.ts';
import { exportLine, type Shell, unsetLine } from '../../terminal/shell-lines.ts';
import type { ActiveGrant } from './active-grant.ts';
import type { SessionVariables } from './session-variables.ts';

export interface PromptFacts {
  readonly grant: Pick<ActiveGrant, 'tier' | 'environment' | 'endsAt'>;
  /** The forge that holds the credentials: without it the prompt says that they are gone. */
  readonly pid: number;
  readonly coloured: boolean;
  /** A file with the end, epoch seconds: it moves when the grant is prolonged. Without it `endsAt` counts. */
  readonly endsFile: string;
}

/** Nothing in it means anything to a shell or its prompt, whatever an environment is named. */
function label({ tier, environment }: PromptFacts['grant']): string {
  return `tier ${tier} ${environment.replace(/[^\w.-]/g, '_')}`;
}

/** After the person's own start-up files, which may name a profile or keys: what leads elsewhere is taken out again. */
export function variableLines(shell: Shell, { open, removed }: SessionVariables): string {
  return [
    ...removed.map((name) => unsetLine(shell, name)),
    ...Object.entries(open).map(([name, value]) => exportLine(shell, name, value)),
  ].join('\n');
}

/** Sets __forge_text: what the prompt begins with. `date` because bash 3.2 (macOS) has nothing of its own. */
function posixText({ grant, pid, endsFile }: PromptFacts): string {
  const name = label(grant);
  return `__forge_text_now() {
  local left ends=${Math.floor(grant.endsAt / 1000)} file=${quotePosix(endsFile)}
  [ -r "$file" ] && read -r ends < "$file"
  case $ends in ''|*[!0-9]*) ends=0 ;; esac
  left=$(( ends - $(date +%s) ))
  if ! kill -0 ${pid} 2>/dev/null || [ "$left" -le 0 ]; then __forge_text='[ENDED ${name}: no credentials]'
  elif [ "$left" -lt 60 ]; then __forge_text="[BREAK-GLASS ${name} $left s]"
  else __forge_text="[BREAK-GLASS ${name} $(( left / 60 )) min]"
  fi
}`;
}

/**
 * Before each prompt, after whatever else sets one: some (starship, git's) make PS1 anew each time, others leave it
 * alone. $? is the person's: bash keeps it round PROMPT_COMMAND.
 */
export function bashPrompt(facts: PromptFacts): string {
  const [red, plain] = facts.coloured ? ['\\[\\e[1;31m\\]', '\\[\\e[0m\\]'] : ['', ''];
  return `${posixText(facts)}
__forge_prompt() {
  [ "$PS1" = "$__forge_shown" ] || __forge_own=$PS1
  __forge_text_now
  __forge_shown='${red}'"$__forge_text"'${plain} '"$__forge_own"
  PS1=$__forge_shown
}
if declare -p PROMPT_COMMAND 2>/dev/null | grep -q '^declare -a'; then PROMPT_COMMAND+=(__forge_prompt)
else PROMPT_COMMAND="\${PROMPT_COMMAND:+$PROMPT_COMMAND
}__forge_prompt"
fi`;
}

export function zshPrompt(facts: PromptFacts): string {
  const [red, plain] = facts.coloured ? ['%B%F{red}', '%f%b'] : ['', ''];
  return `${posixText(facts)}
__forge_prompt() {
  [[ "$PROMPT" == "$__forge_shown" ]] || __forge_own=$PROMPT
  __forge_text_now
  __forge_shown="${red}\${__forge_text}${plain} $__forge_own"
  PROMPT=$__forge_shown
}
typeset -ga precmd_functions
precmd_functions+=(__forge_prompt)`;
}

export function fishPrompt({ grant, pid, coloured, endsFile }: PromptFacts): string {
  const name = label(grant);
  const [red, plain] = coloured ? ['set_color --bold red', 'set_color normal'] : ['true', 'true'];
  return `functions -q fish_prompt; and functions -c fish_prompt __forge_own_prompt
function __forge_status; return $argv[1]; end
function fish_prompt
  set -l before $status
  set -l ends ${Math.floor(grant.endsAt / 1000)}
  test -r ${quotePosix(endsFile)}; and read ends < ${quotePosix(endsFile)}
  string match -qr '^[0-9]+$' -- "$ends"; or set ends 0
  set -l left (math $ends - (date +%s))
  ${red}
  if not kill -0 ${pid} 2>/dev/null; or test $left -le 0
    echo -n '[ENDED ${name}: no credentials]'
  else if test $left -lt 60
    echo -n "[BREAK-GLASS ${name} $left s]"
  else
    echo -n "[BREAK-GLASS ${name} "(math -s0 $left / 60)" min]"
  end
  ${plain}
  echo -n ' '
  __forge_status $before
  if functions -q __forge_own_prompt
    __forge_own_prompt
  else
    echo -n (prompt_pwd)'> '
  end
end`;
}

/** On one line, and without double quotation marks: each way of handing it to PowerShell takes those differently. */
export function powershellPrompt({ grant, pid, coloured, endsFile }: PromptFacts): string {
  const name = label(grant);
  const show = (text: string) => `Write-Host (${text}) -NoNewline${coloured ? ' -ForegroundColor Red' : ''}`;
  const holder = `(Get-Process -Id ${pid} -ErrorAction SilentlyContinue)`;
  const file = `'${endsFile.replaceAll("'", "''")}'`;
  const read = `[long](Get-Content -LiteralPath ${file} -ErrorAction Stop)`;
  return [
    '$global:__forgeOwn = $function:prompt;',
    `function global:prompt { $ends = ${Math.floor(grant.endsAt / 1000)}; try { $ends = ${read} } catch { };`,
    `$left = $ends - [DateTimeOffset]::UtcNow.ToUnixTimeSeconds();`,
    `if ($left -le 0 -or -not ${holder}) { ${show(`'[ENDED ${name}: no credentials]'`)} }`,
    `elseif ($left -lt 60) { ${show(`'[BREAK-GLASS ${name} ' + $left + ' s]'`)} }`,
    `else { ${show(`'[BREAK-GLASS ${name} ' + [Math]::Floor($left / 60) + ' min]'`)} };`,
    "' ' + (& $global:__forgeOwn) }",
  ].join(' ');
}
