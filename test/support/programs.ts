import { spawnSync } from 'node:child_process';

/** Whether a program that some tests need is installed here; says once which tests skip for lack of it. */
export function hasProgram(name: string, tests: string, versionArgument = '--version'): boolean {
  const found = spawnSync(name, [versionArgument], { stdio: 'ignore' }).status === 0;
  if (!found) process.stderr.write(`\nSkipped for lack of ${name}: ${tests}\n`);
  return found;
}
