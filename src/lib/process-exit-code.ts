/**
 * The code that this process can end with for one of a program elsewhere: 0 for 0 and nothing else. POSIX keeps eight
 * bits, and a failure of which these are 0 (256, say, from Windows) must not look like a success.
 */
export function processExitCode(code: number, platform: NodeJS.Platform): number {
  if (code === 0 || platform === 'win32') return code;
  return code & 0xff || 1;
}
