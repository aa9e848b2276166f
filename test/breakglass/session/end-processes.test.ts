import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endProcesses } from '../../../src/breakglass/session/end-processes.ts';
import { systemHost } from '../../../src/host.ts';
import { hasProgram } from '../../support/programs.ts';
import { runs } from './session-stage.ts';

const withPs = hasProgram('ps', 'the end of a break-glass session on macOS');

/** Its process id, and those of what it says. */
async function start(script: string, env: NodeJS.ProcessEnv = {}): Promise<readonly number[]> {
  const child = spawn('sh', ['-c', script], { env: { PATH: process.env.PATH, ...env }, stdio: 'pipe' });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  return [child.pid ?? 0, ...text.toString().trim().split(/\s+/).map(Number)];
}

const platforms = ['linux', 'darwin'] as const;
describe.each(platforms)('the processes of a session, looked for as on %s', (platform) => {
  const here =
    process.platform !== 'win32' && (platform === 'darwin' ? withPs : process.platform === 'linux');
  const host = { ...systemHost(), platform };

  it.skipIf(!here)('are ended softly where they let themselves be', async () => {
    const [child = 0, grandchild = 0] = await start('sleep 1000 & echo $!; wait');
    expect(await endProcesses(host, child, '/none')).toBe('softly');
    expect([child, grandchild].map(runs)).toEqual([false, false]);
  });

  it.skipIf(!here)('are killed where they do not, or stand still', async () => {
    const script =
      "sh -c 'kill -STOP $$; sleep 1000' & one=$!; trap '' HUP TERM; sleep 1000 & echo $one $!; while :; do wait; done";
    const pids = await start(script);
    expect(pids).toHaveLength(3);
    expect(await endProcesses(host, pids[0] ?? 0, '/none')).toBe('killed');
    expect(pids.map(runs)).toEqual([false, false, false]);
  });

  it.skipIf(!here)('are not those of others', async () => {
    const [other = 0] = await start('echo; exec sleep 1000', { FORGE_BREAKGLASS_SOCKET: '/another' });
    const [child = 0] = await start('echo; exec sleep 1000', { FORGE_BREAKGLASS_SOCKET: '/this' });
    expect(await endProcesses(host, child, '/this')).toBe('softly');
    expect([child, other].map(runs)).toEqual([false, true]);
    process.kill(other, 'SIGKILL');
  });
});
