import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../../support/programs.ts';
import { keys } from '../../support/pty.ts';
import { type KubeStage, startKubeStage } from './kube-stage.ts';

const withKubectl = hasProgram('kubectl', 'kubectl exec -it through forge kube exec', 'help');

let stage: KubeStage;
beforeAll(async () => {
  stage = await startKubeStage();
}, 60_000);
beforeEach(() => stage.forgetSessions());
afterAll(() => stage?.[Symbol.asyncDispose]());

const node = (script: string) => ['--', process.execPath, '-e', script];
const waits = (more = '') =>
  `${more}; setInterval(() => {}, 1000); console.log('up ' + process.env.KUBECONFIG);`;

describe.skipIf(!withKubectl)('kubectl exec -it in a terminal, through forge kube exec', () => {
  it.each([
    ['directly', 'direct'],
    ['through the bastion', 'tunnel'],
  ])(
    '%s: a shell with its size, its Ctrl-C and its exit code',
    async (_how, via) => {
      const listed = await stage.kube([
        'exec',
        'dev',
        '--',
        'kubectl',
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'name',
      ]);
      const web = listed.stdout.split('\n')[0]?.replace('pod/', '') ?? '';
      const words = ['--', 'kubectl', 'exec', '-it', web, '--', 'sh'];
      using terminal = await stage.sandbox.pty(['kube', 'exec', 'dev', '--via', via, ...words], {
        columns: 91,
      });
      await terminal.waitFor(/[$#] $/);
      // kubectl tells the size when it gets to it.
      const size = async (wanted: RegExp) => {
        for (let tries = 0; tries < 50; tries++) {
          terminal.write('echo "size=$(stty size)"\r');
          const [text] = await terminal.waitFor(/size=\d+ \d+/);
          if (wanted.test(text)) return text;
        }
        return undefined;
      };
      expect(await size(/size=40 91/)).toBeDefined();
      terminal.resize(77, 22);
      expect(await size(/size=22 77/)).toBeDefined();
      terminal.write('echo "ready $((1 + 1))"; sleep 100\r');
      await terminal.waitFor(/ready 2\r\n/);
      // A key that comes while the shell starts `sleep` is the shell's own, as in any terminal: so it is pressed until it is sleep's.
      terminal.write(keys.ctrlC);
      const pressing = setInterval(() => terminal.write(keys.ctrlC), 1_000);
      await terminal.waitFor(/[$#] $/).finally(() => clearInterval(pressing));
      terminal.write('echo "still $((40 + 2))"\r');
      await terminal.waitFor(/still 42/);
      terminal.write('exit 5\r');
      expect(await terminal.exit).toBe(5);
      expect(stage.openSessions()).toBe(0);
    },
    40_000,
  );
});

describe('how it ends', () => {
  it('leaves Ctrl-C to the program', async () => {
    const script = waits("process.on('SIGINT', () => { console.log('asked first'); process.exit(3); })");
    using terminal = await stage.sandbox.pty(['kube', 'exec', 'dev', ...node(script)]);
    await terminal.waitFor(/up \//);
    terminal.write(keys.ctrlC);
    await terminal.waitFor(/asked first/);
    expect(await terminal.exit).toBe(3);
    expect(stage.runFolders('dana')).toEqual([]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('hands %s on, and takes everything away', async (name, code) => {
    const own = waits(`process.on('${name}', () => { console.log('told'); process.exit(9); })`);
    await using polite = await stage.start(['exec', 'dev', '--via', 'tunnel', ...node(own)]);
    await polite.said(/up \//);
    polite.child.kill(name);
    expect([await polite.ended, polite.out()]).toEqual([9, expect.stringContaining('told')]);
    await using silent = await stage.start(['exec', 'dev', ...node(waits())]);
    await silent.said(/up \//);
    silent.child.kill(name);
    expect(await silent.ended).toBe(code);
    expect(stage.runFolders('dana')).toEqual([]);
    expect(stage.openSessions()).toBe(0);
  });

  it('kill -9 leaves no kubeconfig that works, no way to the session, and after the next run no folder', async () => {
    const home = stage.sandbox.environment({ person: 'casey' }).HOME ?? '';
    const pidFile = join(home, 'child.pid');
    const script = waits(`require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid))`);
    const args = ['exec', 'prod-wealth', '--reason', 'INC-1', ...node(script)];
    await using forge = await stage.start(args, { person: 'casey' });
    const [, kubeconfig = ''] = await forge.said(/up (\/.*)/);
    expect(stage.openSessions()).toBe(1);
    forge.child.kill('SIGKILL');
    // The program itself is not forge's to end any more: it outlives forge, without access.
    const orphan = Number(readFileSync(pidFile, 'utf8'));
    try {
      expect(existsSync(kubeconfig)).toBe(true);
      const pods = '/api/v1/namespaces/default/pods';
      const [program, worker] = stage.client;
      const run = await stage.sandbox.run(program, [worker, pods], {
        person: 'casey',
        env: { KUBECONFIG: kubeconfig },
      });
      expect(run.code).not.toBe(0);
      expect(run.stderr).toContain('The forge that gave this access has ended, and the access with it.');
      // AWS ends the session itself after its idle time; no way leads to it from here any more.
      const { clusters } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
      await expect(fetch(clusters[0].cluster.server)).rejects.toMatchObject({
        cause: { code: 'ECONNREFUSED' },
      });
      await stage.kube(['exec', 'prod-wealth', '--reason', 'INC-1', '--', 'true'], { person: 'casey' });
      expect(stage.runFolders('casey')).toEqual([]);
    } finally {
      process.kill(orphan, 'SIGKILL');
    }
  }, 30_000);
});
