import { ForgeError } from '../errors.ts';
import { quotePosix } from '../lib/quote-posix.ts';

/**
 * What follows `--`, as a shell on the instance shall read it: one word is a line of shell (`"ps | wc -l"`), several
 * are a program and its arguments, none of which means anything to the shell. Throws usage.
 */
export function shellScript(words: readonly string[]): string {
  const [first = '', ...rest] = words;
  if (first.trim() === '') {
    throw new ForgeError('usage', 'There is no command to run.', {
      code: 'COMMAND_NEEDED',
      hint: 'It follows --, e.g. forge ssm run dev/web-1 -- uptime',
    });
  }
  return rest.length === 0 ? first : words.map(quotePosix).join(' ');
}

/**
 * The same for a document that splits words itself and starts a program without a shell: `sh -c` and the script as
 * one word, in single quotes, in which no splitter finds anything to interpret.
 */
export function shellCommand(script: string): string {
  return `sh -c ${quotePosix(script)}`;
}

/** PowerShell ends with 0 whatever the last command did, and with 1 for any code of a program. */
const lastStatus = 'if ($?) { exit 0 } elseif ($LASTEXITCODE) { exit $LASTEXITCODE } else { exit 1 }';

/** The same for PowerShell, on Windows instances: the exit code is that of the last command. */
export function powerShellScript(words: readonly string[]): string {
  const [first = '', ...rest] = words;
  const quoted = words.map((word) => `'${word.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`);
  return `${rest.length === 0 ? first : `& ${quoted.join(' ')}`}\n${lastStatus}`;
}

/**
 * The same for the document that runs words without a shell. On Windows the agent puts `powershell` before them: the
 * script goes in Base64, which neither its splitter, nor Windows, nor PowerShell takes apart again. Progress would
 * come as XML on stderr.
 */
export function powerShellCommand(script: string): string {
  const encoded = Buffer.from(`$ProgressPreference = 'SilentlyContinue'\n${script}`, 'utf16le').toString(
    'base64',
  );
  return `-NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand ${encoded}`;
}
