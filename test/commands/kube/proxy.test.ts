import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { main } from '../../../src/main.ts';
import { eventually } from '../../support/processes.ts';
import { keys } from '../../support/pty.ts';
import { createTestHost, type TestHost } from '../../support/test-host.ts';
import { type KubeStage, startKubeStage } from './kube-stage.ts';

const pods = '/api/v1/namespaces/default/pods';
const production = ['prod-wealth', '--reason', 'INC-1'];
const casey = { person: 'casey' };

let stage: KubeStage;
beforeAll(async () => {
  stage = await startKubeStage();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

const list = (kubeconfig: string, person: string) =>
  stage.sandbox.run(stage.client[0], [stage.client[1], pods], { person, env: { KUBECONFIG: kubeconfig } });

async function proxy(args: readonly string[], options: Parameters<KubeStage['start']>[1] = {}) {
  const forge = await stage.start(['proxy', ...args, '--output', 'json'], options);
  const [text] = await forge.said(/\{[\s\S]*\}\n/);
  return { forge, said: JSON.parse(text) as { kubeconfig: string; server: string; through: string | null } };
}

describe('forge kube proxy', () => {
  it('prints the line to paste, stays, and Ctrl-C ends it as it ends forge ssm forward', async () => {
    using terminal = await stage.sandbox.pty(['kube', 'proxy', 'dev']);
    const [line, kubeconfig = ''] = await terminal.waitFor(/export KUBECONFIG='([^']+)'/);
    await terminal.waitFor(/Ctrl-C ends it\./);
    const pasted = await stage.sandbox.run('sh', ['-c', `${line}; exec "$@"`, 'sh', ...stage.client, pods]);
    expect([pasted.code, pasted.stdout]).toEqual([0, expect.stringMatching(/^web-/m)]);
    terminal.write(keys.ctrlC);
    const code = await terminal.exit;
    using forward = await stage.sandbox.pty(['ssm', 'forward', 'dev/bastion', ':22']);
    await forward.waitFor(/Ctrl-C ends it\./);
    forward.write(keys.ctrlC);
    // Before it stand the echo of Ctrl-C and what wiped a status line, in any order.
    const last = (text: string) => /[A-Z][a-z]+\.$/.exec(text.trimEnd())?.[0];
    expect([await forward.exit, last(forward.text())]).toEqual([130, 'Interrupted.']);
    expect([code, last(terminal.text())]).toEqual([130, 'Interrupted.']);
    expect(existsSync(kubeconfig)).toBe(false);
  });

  it('says the same as JSON, once, and leads through the bastion for as long as it runs', async () => {
    const { forge, said } = await proxy(production, casey);
    await using _running = forge;
    expect(said).toEqual({
      kubeconfig: expect.stringMatching(/kubeconfig$/),
      context: 'production:prod-wealth',
      server: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
      through: expect.stringMatching(/^bastion \(i-/),
    });
    const many = await Promise.all([1, 2, 3].map(() => list(said.kubeconfig, 'casey')));
    expect(many.map(({ code }) => code)).toEqual([0, 0, 0]);
    forge.child.kill('SIGTERM');
    expect(await forge.ended).toBe(143);
    expect(existsSync(said.kubeconfig)).toBe(false);
    expect(stage.openSessions()).toBe(0);
  });

  it('--port is where the tunnel listens; a port that is taken is said, and no session stays', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const args = ['dev', '--via', 'tunnel', '--port', String(port)];
    const refused = await stage.kube(['proxy', ...args, '--output', 'json']);
    expect([refused.code, JSON.parse(refused.stderr).error]).toEqual([
      1,
      {
        code: 'PORT_IN_USE',
        message: expect.stringContaining(`Port ${port}`),
        hint: 'Name another with --port; without it any that is free is taken.',
      },
    ]);
    expect(stage.openSessions()).toBe(0);
    await new Promise((resolve) => taken.close(resolve));
    const { forge, said } = await proxy(args);
    await using _running = forge;
    expect(said.server).toBe(`https://127.0.0.1:${port}`);
    expect(await stage.kube(['proxy', 'dev', '--port', '65536'])).toMatchObject({ code: 2 });
  });

  it('a tunnel that is lost comes back with the next command', async () => {
    const { forge, said } = await proxy(production, casey);
    await using _running = forge;
    await stage.sandbox.admin.lever('ssm-sessions', { action: 'end' });
    await eventually(async () => /has ended/.test(forge.err()));
    expect(forge.err()).toContain('the next connection starts another');
    expect(await list(said.kubeconfig, 'casey')).toMatchObject({ code: 0 });
  });
});

describe('max_session of the environment', () => {
  const minute = 60_000;

  /** forge in this process, at Casey's home, by a clock that the test moves. */
  async function start(argv: readonly string[]): Promise<{ host: TestHost; code: Promise<number> }> {
    const config = join(await stage.sandbox.newHome(), 'forge.yaml');
    const text = readFileSync(stage.sandbox.state.config, 'utf8');
    writeFileSync(config, text.replace(/^ {2}prod-wealth:\n/m, '$&    max_session: 20m\n'));
    const env: NodeJS.ProcessEnv = { ...stage.sandbox.environment(casey), FORGE_CONFIG: config };
    const home = env.HOME ?? '';
    const directories = {
      working: home,
      home,
      config: join(home, '.config', 'forge'),
      cache: join(home, '.cache', 'forge'),
      state: join(home, '.local', 'state', 'forge'),
      temporary: home,
    };
    const host = createTestHost({ env, directories });
    onTestFinished(() => host.dispose());
    return { host, code: main(argv, host) };
  }

  it.each([
    ['kube exec', ['exec', ...production, '--', process.execPath, '-e', 'setInterval(() => {}, 1000)']],
    ['kube proxy', ['proxy', ...production]],
  ] as const)(
    '%s: warns ten minutes and one minute before, and ends it with 7',
    async (_name, args) => {
      const { host, code } = await start(['kube', ...args]);
      await expect.poll(host.err, { timeout: 20_000 }).toMatch(/Connected through bastion/);
      host.shiftClock(10 * minute + 1_000);
      await expect.poll(host.err, { timeout: 20_000 }).toMatch(/The tunnel through bastion .* closes in/);
      expect(stage.openSessions()).toBe(1);
      // A laptop that slept past the end: the clock counts.
      host.shiftClock(60 * minute);
      expect(await code).toBe(7);
      expect(host.err()).toMatch(/The tunnel through bastion .* has lasted 20 min and is closed/);
      expect(stage.openSessions()).toBe(0);
      expect(stage.runFolders('casey')).toEqual([]);
    },
    30_000,
  );
});
