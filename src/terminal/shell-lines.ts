import { ForgeError } from '../errors.ts';
import { quotePosix } from '../lib/quote-posix.ts';

/** Shells that forge writes lines for; `bash` stands for every POSIX shell. */
export const shells = ['bash', 'zsh', 'fish', 'powershell', 'cmd'] as const;
export type Shell = (typeof shells)[number];

/** A line that sets and exports a variable, whatever the value is made of. Without a line feed at its end. */
export function exportLine(shell: Shell, name: string, value: string): string {
  checkName(name);
  if (value.includes('\0')) throw unquotable(name, shell);
  switch (shell) {
    case 'bash':
    case 'zsh':
      return `export ${name}=${quotePosix(value)}`;
    case 'fish':
      return `set -gx ${name} '${value.replace(/[\\']/g, '\\$&')}'`;
    case 'powershell':
      // It takes typographic quotation marks for quotation marks.
      return `$env:${name} = '${value.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
    case 'cmd':
      // There is no quoting that holds in every mode of cmd, so only what needs none is let through.
      if (!/^[A-Za-z0-9+/=:._@,-]*$/.test(value)) throw unquotable(name, shell);
      return `set "${name}=${value}"`;
  }
}

/** A line that removes a variable, and does nothing when there is none. */
export function unsetLine(shell: Shell, name: string): string {
  checkName(name);
  switch (shell) {
    case 'bash':
    case 'zsh':
      return `unset ${name}`;
    case 'fish':
      return `set -e ${name}`;
    case 'powershell':
      return `Remove-Item Env:${name} -ErrorAction SilentlyContinue`;
    case 'cmd':
      return `set "${name}="`;
  }
}

function checkName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  throw new ForgeError('failed', `${JSON.stringify(name)} can't be the name of a variable.`, {
    code: 'INVALID_VARIABLE',
  });
}

function unquotable(name: string, shell: Shell): ForgeError {
  return new ForgeError('failed', `The value of ${name} can't be written for ${shell}.`, {
    code: 'UNQUOTABLE_VALUE',
    hint: 'Use another shell, or: forge exec <environment> -- <command>',
  });
}
