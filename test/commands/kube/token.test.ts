import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtForge } from '../../support/built-forge.ts';
import { createKubeClient } from '../../support/kube-client.ts';
import { hasProgram } from '../../support/programs.ts';
import { openTerminal } from '../../support/pty.ts';
import type { Run, RunOptions } from '../../support/sandbox.ts';
import { allowOnPage } from '../../support/sign-in-page.ts';
import { type KubeStage, startKubeStage } from './kube-stage.ts';

const withKubectl = hasProgram('kubectl', 'kubectl with forge kube token as its plugin', 'help');
const apiGroup = 'client.authentication.k8s.io';
const oneLine = /^Error: [^\n]+\n$/;
let stage: KubeStage;

beforeAll(async () => {
  stage = await startKubeStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const token = (args: readonly string[], options?: RunOptions) => stage.kube(['token', ...args], options);

interface Answer {
  readonly kind: string;
  readonly apiVersion: string;
  readonly status: { readonly expirationTimestamp: string; readonly token: string };
}

/** stdout is one line of JSON, and stderr empty. */
function answerOf(run: Run): Answer {
  expect(run, run.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toMatch(/^\{[^\n]+\}\n$/);
  return JSON.parse(run.stdout) as Answer;
}

const minutesLeft = ({ status }: Answer) => (Date.parse(status.expirationTimestamp) - Date.now()) / 60_000;

/** Who the cluster says that one is: its status, and the answer. */
async function knock(name: string, answer: Answer) {
  const cluster = stage.cluster(name);
  const server = stage.sandbox.state.clusters.find((known) => known.cluster === name)?.endpoint ?? '';
  const client = createKubeClient({
    server,
    authority: cluster.authority ?? '',
    token: answer.status.token,
  });
  return client.request('/api/v1/namespaces/default/pods');
}

function expectRefusal(run: Run, code: number, says: RegExp): void {
  expect(run, run.stderr).toMatchObject({ code, stdout: '' });
  expect(run.stderr).toMatch(oneLine);
  expect(run.stderr).toMatch(says);
}

/** Keys of dev in variables, as other tools have them. */
async function ambient(more: Readonly<Record<string, string>> = {}) {
  const { stdout } = await stage.sandbox.forge(['credentials', 'dev']);
  const keys = JSON.parse(stdout) as Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string>;
  return {
    FORGE_CONFIG: undefined,
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
    ...more,
  };
}
const byFlags = ['--cluster', 'dev-eks-cluster', '--region', 'us-east-1'];

describe('forge kube token', () => {
  it('opens the cluster it is for, for 14 minutes, and no other', async () => {
    const answer = answerOf(await token(['dev']));
    expect(answer).toMatchObject({ kind: 'ExecCredential', apiVersion: `${apiGroup}/v1beta1` });
    expect(minutesLeft(answer)).toBeGreaterThan(13);
    expect(minutesLeft(answer)).toBeLessThanOrEqual(14);
    expect((await knock('dev-eks-cluster', answer)).status).toBe(200);
    expect((await knock('qa-eks-cluster', answer)).status).toBe(401);
  });

  it('answers in the version that kubectl asks for, and refuses others', async () => {
    const asking = (version: string) => ({
      env: { KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion: `${apiGroup}/${version}`, spec: {} }) },
    });
    expect(answerOf(await token(['dev'], asking('v1'))).apiVersion).toBe(`${apiGroup}/v1`);
    expectRefusal(await token(['dev'], asking('v1alpha1')), 2, /v1alpha1/);
  });

  it('takes an environment as kubeconfigs spell it, and not two', async () => {
    const spelled = await token(['--environment', 'dev', '--cluster', 'dev-eks-cluster']);
    expect((await knock('dev-eks-cluster', answerOf(spelled))).status).toBe(200);
    expectRefusal(await token(['--environment', 'dev', '--env', 'qa']), 2, /--env says qa/);
  });

  it('works with ambient keys and without forge.yaml, and says when they end', async () => {
    const soon = new Date(Date.now() + 40_000).toISOString();
    const [plain, ending, ended] = await Promise.all([
      ambient().then((env) => token(byFlags, { env })),
      ambient({ AWS_CREDENTIAL_EXPIRATION: soon }).then((env) => token(byFlags, { env })),
      ambient({ AWS_CREDENTIAL_EXPIRATION: '2020-01-01T00:00:00Z' }).then((env) => token(byFlags, { env })),
    ]);
    expect((await knock('dev-eks-cluster', answerOf(plain))).status).toBe(200);
    expect(minutesLeft(answerOf(ending))).toBeLessThan(0.7);
    expectRefusal(ended, 4, /have expired/);
    expectRefusal(
      await token(['--cluster', 'c'], {
        env: { AWS_REGION: '', AWS_DEFAULT_REGION: '', FORGE_CONFIG: undefined },
      }),
      2,
      /region/,
    );
  });

  it('refuses in one line what the ordinary way reads', async () => {
    expectRefusal(await token(['dev', '--nope']), 2, /--nope.* See forge kube token --help\.$/m);
    expectRefusal(await stage.sandbox.forge(['--env', 'nowhere', 'kube', 'token']), 2, /nowhere/);
  });

  it('says in one line that the sign-in has ended', async () => {
    const home = await stage.sandbox.newHome();
    expectRefusal(await token(['dev'], { home }), 4, /not signed in\. Run: forge login$/m);
    expectRefusal(await token(['dev', '--login'], { home }), 4, /forge login/);
    expectRefusal(await token(['--socket', join(home, 'gone')], { home }), 4, /has ended/);
  });

  it('refuses production in one line, unless somebody has standing access there', async () => {
    expectRefusal(await token(['prod-wealth']), 5, /forge whoami/);
    expectRefusal(await token(['--env', 'prod-cash', '--cluster', 'any']), 5, /No one has standing access/);
    expect(minutesLeft(answerOf(await token(['prod-wealth'], { person: 'casey' })))).toBeGreaterThan(13);
    expect(stage.journal('casey').at(-1)).toMatchObject({
      type: 'access.opened',
      purpose: 'kube token',
      environment: 'prod-wealth',
    });
  });

  it('shows a plan, and asks AWS nothing for it', async () => {
    const before = await stage.sandbox.admin.calls();
    const run = await token(['dev', '--plan']);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('Nothing was done');
    expect(await stage.sandbox.admin.calls()).toEqual(before);
  });

  it('is asked by 30 at once: AWS by one of them, and each is in the journal, without its token', async () => {
    const home = await stage.sandbox.newHome();
    await stage.sandbox.signIn('dana', { home });
    const calls = async () => (await stage.sandbox.admin.calls())['sso:GetRoleCredentials'] ?? 0;
    const before = await calls();
    const runs = await Promise.all(Array.from({ length: 30 }, () => token(['dev'], { home })));
    const tokens = runs.map((run) => answerOf(run).status.token);
    expect((await calls()) - before).toBe(1);
    const { stdout } = await stage.sandbox.run('sh', ['-c', 'cat ~/.local/state/forge/audit/*.jsonl'], {
      home,
    });
    expect(stdout.split('\n').filter((line) => line.includes('"purpose":"kube token"'))).toHaveLength(30);
    for (const made of tokens) expect(stdout).not.toContain(made);
  });

  it('signs in on the spot with --login, where a terminal is there to see it', async () => {
    const home = await stage.sandbox.newHome();
    using terminal = await stage.sandbox.pty(['kube', 'token', 'dev', '--login'], {
      home,
      env: { BROWSER: 'none', SSH_CONNECTION: 'x', NO_COLOR: '1' },
    });
    const [url] = await terminal.waitFor(/http:\S+user_code=[A-Z-]+/);
    await allowOnPage(url, 'dana');
    await terminal.waitFor(/"token":"k8s-aws-v1\./);
    expect(await terminal.exit).toBe(0);
  });
});

describe('forge kube token --login, three at once', () => {
  it('is one sign-in for all of them', async () => {
    const home = await stage.sandbox.newHome();
    const one = '"$0" "$1" kube token dev --login';
    using terminal = openTerminal(
      'sh',
      ['-c', `${one} & ${one} & ${one} & wait`, process.execPath, await builtForge()],
      {
        env: stage.sandbox.environment({
          home,
          env: { BROWSER: 'none', SSH_CONNECTION: 'x', NO_COLOR: '1' },
        }),
      },
    );
    const [url] = await terminal.waitFor(/http:\S+user_code=[A-Z-]+/);
    await allowOnPage(url, 'dana');
    for (let answers = 0; answers < 3; answers++) await terminal.waitFor(/"token":"k8s-aws-v1\./);
    await terminal.exit;
    expect(terminal.text().match(/user_code=/g)).toHaveLength(1);
  });
});

describe('the short way and the ordinary one', () => {
  /** --quiet is nothing that a kubeconfig says, and changes nothing here. */
  const lines: readonly (readonly string[])[] = [
    ['dev'],
    ['--environment', 'dev', '--cluster', 'dev-eks-cluster'],
    ['--cluster', 'dev-eks-cluster', '--region', 'us-east-1', '--profile', 'nobody'],
    ['nowhere'],
    ['dev/none'],
    ['prod-wealth'],
    ['--env', 'dev', '--reason', ' '],
    ['--socket', '/no/such/socket'],
    ['--config', '/no/such/forge.yaml', 'dev'],
  ];
  const timeless = ({ code, stdout, stderr }: Run) => {
    const shown = stdout && (JSON.parse(stdout) as Answer);
    if (shown === '') return { code, stderr };
    const url = new URL(Buffer.from(shown.status.token.slice('k8s-aws-v1.'.length), 'base64url').toString());
    for (const name of ['X-Amz-Date', 'X-Amz-Signature']) url.searchParams.delete(name);
    return { code, stderr, url: url.href, fields: Object.keys(shown), version: shown.apiVersion };
  };

  it.concurrent.each(lines.map((line) => [line.join(' '), line] as const))(
    'say the same of %s',
    async (_, line) => {
      expect(timeless(await token(line))).toEqual(timeless(await token([...line, '--quiet'])));
    },
  );
});

describe.runIf(withKubectl)('kubectl', () => {
  const kubeconfig = async (args: readonly string[], mode: string) => {
    const { authority = '' } = stage.cluster('dev-eks-cluster');
    const endpoint = stage.sandbox.state.clusters.find(
      ({ cluster }) => cluster === 'dev-eks-cluster',
    )?.endpoint;
    const data = Buffer.from(authority).toString('base64');
    const exec = {
      apiVersion: `${apiGroup}/v1beta1`,
      command: process.execPath,
      args: [await builtForge(), 'kube', 'token', ...args],
      interactiveMode: mode,
    };
    const file = join(await stage.sandbox.newHome(), 'config');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: endpoint, 'certificate-authority-data': data } }],
      users: [{ name: 'u', user: { exec } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(file, JSON.stringify(config));
    return { KUBECONFIG: file };
  };
  const kubectl = (args: readonly string[], options: RunOptions) =>
    stage.sandbox.run('kubectl', args, options);

  it('lists, with one record for each token', async () => {
    const env = await kubeconfig(['--environment', 'dev'], 'Never');
    const before = stage.journal('dana').length;
    const listed = await kubectl(['get', 'pods', '-o', 'name'], { env });
    expect(listed, listed.stderr).toMatchObject({ code: 0 });
    expect(listed.stdout).toMatch(/^pod\//);
    const added = stage.journal('dana').slice(before);
    // Builds of kubectl that choose another by the server's version ask once for that.
    expect(added.length).toBeGreaterThan(0);
    expect(new Set(added.map(({ type, purpose }) => `${type} ${purpose}`))).toEqual(
      new Set(['access.opened kube token']),
    );
  });

  it('goes on after --login, also where kubectl reads its stdin from a pipe', async () => {
    const env = await kubeconfig(['--environment', 'dev', '--login'], 'IfAvailable');
    const home = await stage.sandbox.newHome();
    // An address to confirm elsewhere, as on any machine without a browser.
    const own = { ...env, BROWSER: 'none', SSH_CONNECTION: 'x', NO_COLOR: '1' };
    using terminal = openTerminal('sh', ['-c', 'echo | kubectl get pods -o name | cat'], {
      env: stage.sandbox.environment({ home, env: own }),
    });
    const [url] = await terminal.waitFor(/http:\S+user_code=[A-Z-]+/);
    await allowOnPage(url, 'dana');
    await terminal.waitFor(/pod\/\S+/);
    expect(await terminal.exit).toBe(0);
  });

  it('passes the one line on when the sign-in has ended', async () => {
    const env = await kubeconfig(['--environment', 'dev', '--login'], 'IfAvailable');
    const home = await stage.sandbox.newHome();
    const run = await kubectl(['get', 'pods'], { env, home });
    expect(run.code).not.toBe(0);
    const own = run.stderr.split('\n').filter((line) => line.startsWith('Error: You are not signed in.'));
    expect(new Set(own)).toEqual(new Set(['Error: You are not signed in. Run: forge login']));
    expect(run.stderr).toContain('exit code 4');
  });
});
