import { existsSync } from 'node:fs';

const places = ['/usr/bin/pwsh', '/usr/local/bin/pwsh', '/opt/microsoft/powershell/7/pwsh', '/snap/bin/pwsh'];

/** What stands for PowerShell on instances that play Windows. Throws where it is not installed. */
export function findPowerShell(): string {
  const found = places.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    'This instance plays Windows, and PowerShell (pwsh) is not installed on the machine that plays it.',
  );
}
