/**
 * `npm run demo`: databases, instances, clusters and break-glass on the sandbox, as people would type it. Every command is the built binary in a
 * process of its own; what is printed is its real output. The person's part, pressing Allow on the sign-in page,
 * is played over HTTP on the same page that a browser would show.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import pg from 'pg';
import { bundleScript } from '../test/support/bundle-script.ts';
import { allowOnPage, signInByPage } from '../test/support/sign-in-page.ts';
import { type Person, playBreakGlass } from './demo-break-glass.ts';
import { playChange } from './demo-change.ts';
import { typeInTerminal } from './demo-terminal.ts';

const forgeFile = join(process.cwd(), 'bin', 'forge.cjs');
const root = mkdtempSync(join(tmpdir(), 'forge-demo-'));
const started = performance.now();
const shown = { bold: '\x1b[1m', dim: '\x1b[2m', red: '\x1b[31m', off: '\x1b[0m' };
if (!process.stdout.isTTY || process.env.NO_COLOR)
  for (const name of Object.keys(shown)) Object.assign(shown, { [name]: '' });

interface Step {
  readonly line: string;
  readonly expected: number;
  readonly code: number;
}

const steps: Step[] = [];
const outside: NodeJS.ProcessEnv = { ...process.env, FORGE_SANDBOX_DIR: join(root, 'sandbox') };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs `forge …` and prints the line and what came out. `onText` sees stderr as it grows. */
async function forge(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  options: { expected?: number; onText?: (text: string) => void; silent?: boolean } = {},
): Promise<string> {
  const line = `forge ${words.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`;
  if (!options.silent) say(`\n${shown.bold}$ ${line}${shown.off}`);
  const child = execa(process.execPath, [forgeFile, ...words], {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
  });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    options.onText?.(err);
  });
  if (!options.silent)
    for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stdout, { end: false });
  const { exitCode: code = 1, stdout: out } = await child;
  finish({ line, expected: options.expected ?? 0, code }, options.silent ? err : undefined);
  return out;
}

/** `silent`: what it said; it is no step of the story then, and shown only when it fails. */
function finish(step: Step, silent?: string): void {
  if (silent === undefined) steps.push(step);
  const { line, expected, code } = step;
  if (code !== expected)
    throw new Error(`"${line}" ended with ${code}, expected ${expected}.\n${silent ?? ''}`);
}

/** `forge ssm`: a person in a terminal, or a script in a pipe where this machine has none to lend. */
async function openShell(target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const line = `forge ssm ${target}`;
  say(`\n${shown.bold}$ ${line}${shown.off}`);
  const command = [process.execPath, forgeFile, 'ssm', target] as const;
  // In a log a terminal's control sequences are only in the way.
  const show = (text: string) =>
    process.stdout.write(
      process.stdout.isTTY ? text : stripVTControlCharacters(text).replace(/\r(?!\n)/g, ''),
    );
  const prompt = /[$#] $/;
  const typed = [
    { after: prompt, line: 'echo "a real terminal: $(stty size)"' },
    { after: prompt, line: 'exit' },
  ];
  const code =
    (await typeInTerminal(command, env, typed, show)) ??
    (await pipeInto(command, env, 'echo "no terminal here: a pipe"\n'));
  finish({ line, expected: 0, code });
}

async function pipeInto(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  input: string,
): Promise<number> {
  const streams = { stdout: ['pipe', 'inherit'], stderr: ['pipe', 'inherit'] } as const;
  const { exitCode = 1 } = await execa(program, args, {
    env,
    extendEnv: false,
    reject: false,
    input,
    ...streams,
  });
  return exitCode;
}

/** `forge ssm forward`, and another program that connects through it with the password of `forge db token`. */
async function throughForward(env: NodeJS.ProcessEnv): Promise<void> {
  const asked = { silent: true };
  const { host, port, token } = JSON.parse(
    await forge(['db', 'token', 'dev', '--output', 'json'], env, asked),
  );
  const { authority } = JSON.parse(await forge(['sandbox', 'status', '--output', 'json'], outside, asked));
  const words = ['ssm', 'forward', 'dev/bastion', `:${host}:${port}`, '--output', 'json'];
  const line = `forge ${words.join(' ')}`;
  say(`\n${shown.bold}$ ${line} &${shown.off}`);
  const child = execa(process.execPath, [forgeFile, ...words], {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    buffer: false,
  });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stdout, { end: false });
  const said = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    void child.then(({ exitCode }) => reject(new Error(`"${line}" ended with ${exitCode}.`)));
  });
  const { localPort } = JSON.parse(said).forwards[0];
  const client = new pg.Client({
    host: '127.0.0.1',
    port: localPort,
    user: 'developer',
    database: 'shop_dev',
    password: token,
    ssl: { ca: readFileSync(authority, 'utf8'), servername: host },
  });
  await client.connect();
  const { rows } = await client.query('select current_user, count(*)::int as products from products');
  await client.end();
  say(
    `${shown.dim}(node-postgres, with the password of forge db token, TLS checked:)${shown.off} ${JSON.stringify(rows[0])}`,
  );
  say('^C');
  child.kill('SIGINT');
  const { exitCode: code = 1 } = await child;
  finish({ line, expected: 130, code });
}

/** What lists pods: kubectl, or where there is none a client of our own that is told nothing but KUBECONFIG either. */
async function podLister(): Promise<readonly string[]> {
  if (spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0)
    return ['kubectl', 'get', 'pods'];
  say(`${shown.dim}(kubectl is not installed: a client of the tests stands in for it.)${shown.off}`);
  const worker = join(process.cwd(), 'test', 'support', 'kubeconfig-worker.ts');
  return [process.execPath, await bundleScript(worker, root), '/api/v1/namespaces/default/pods'];
}

async function become(name: string): Promise<Person> {
  const script = 'process.stdout.write(JSON.stringify(process.env))';
  const words = ['sandbox', 'run', '--as', name, '--', process.execPath, '-e', script];
  return { name, env: JSON.parse(await forge(words, outside, { silent: true })) };
}

/** `forge login --device-code`, and the person opening the page it names. */
async function signIn(person: Person): Promise<void> {
  let allowed: Promise<void> | undefined;
  await forge(['login', '--device-code'], person.env, {
    onText: (text) => {
      const url = /https?:\/\/\S+user_?code=\S+/i.exec(text)?.[0];
      if (url === undefined || allowed !== undefined) return;
      allowed = allowOnPage(url, person.name).then(() =>
        say(`${shown.dim}(${person.name} opens that page and presses Allow)${shown.off}`),
      );
    },
  });
  await allowed;
}

/** As `signIn`, in one breath: how it goes was shown. */
async function enter(name: string): Promise<Person> {
  const person = await become(name);
  await signInByPage([process.execPath, forgeFile], person.env, name);
  return person;
}

function scene(text: string): void {
  say(`\n${shown.dim}--- ${text} ---${shown.off}`);
}

async function main(): Promise<void> {
  say(`${shown.dim}An AWS on loopback: nothing here leaves this machine.${shown.off}`);
  await forge(['sandbox', 'start'], outside);

  scene('Dana, a software engineer');
  const dana = await become('dana');
  await signIn(dana);
  await forge(['whoami'], dana.env);
  await forge(['db', 'list'], dana.env);
  await forge(['db', 'connect', 'dev', '--plan'], dana.env);
  await forge(['db', 'check', 'dev'], dana.env);
  const revenue = `select status, count(*) as orders, sum(total) as revenue from order_totals group by status order by orders desc`;
  await forge(['db', 'query', 'dev', revenue], dana.env);
  await forge(
    ['db', 'query', 'dev', 'select id, email from customers order by id limit 3', '--output', 'csv'],
    dana.env,
  );
  await forge(['db', 'connect', 'dev', '--', '-c', 'select current_user, version()'], dana.env);
  await forge(['exec', 'dev', '--', process.execPath, '-p', 'process.env.AWS_REGION'], dana.env);

  scene('Instances, through Session Manager, without a plugin');
  await forge(['ssm', 'list'], dana.env);
  await openShell('dev/web-1', dana.env);
  await forge(['ssm', 'run', 'dev/web-1', '--', 'uname -s; exit 3'], dana.env, { expected: 3 });
  await forge(['ssm', 'run', 'dev', '--tag', 'role=web', '--', 'echo up'], dana.env);
  await throughForward(dana.env);
  await forge(['db', 'query', 'dev', 'select count(*) from products', '--via', 'tunnel'], dana.env);

  scene('Kubernetes, with a kubeconfig for one program');
  const pods = await podLister();
  await forge(['kube', 'exec', 'dev', '--', ...pods], dana.env);

  scene('Nobody has standing access to production');
  await forge(['db', 'query', 'prod-cash', 'select 1'], dana.env, { expected: 5 });

  scene('Casey holds the one standing read-only permission set, on prod-wealth');
  const casey = await become('casey');
  await signIn(casey);
  say(
    `${shown.dim}(The VPN is off: production answers nobody directly, and forge takes the bastion.)${shown.off}`,
  );
  await forge(['db', 'query', 'prod-wealth', 'select count(*) from orders'], casey.env);
  await forge(['ssm', 'prod-wealth/bastion'], casey.env, { expected: 5 });
  const reason = ['--reason', 'INC-123: orders are stuck'];
  await forge(['kube', 'exec', 'prod-wealth', ...reason, '--', ...pods], casey.env);
  await forge(['sandbox', 'vpn', 'on'], outside);
  await forge(['db', 'query', 'prod-wealth', 'delete from orders'], casey.env, { expected: 1 });

  await forge(['sandbox', 'vpn', 'off'], outside);
  const aside = (text: string) => say(`${shown.dim}${text}${shown.off}`);
  const stage = { print: say, say: aside, scene, forge, enter, outside };
  await playBreakGlass(stage, dana);
  await playChange(stage, dana, casey, root);

  await forge(['logout'], dana.env);
  await forge(['sandbox', 'stop'], outside);

  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`\n${shown.bold}Summary${shown.off}`);
  for (const step of steps)
    say(`  ${step.code === step.expected ? 'ok' : 'FAILED'}  exit ${step.code}  ${step.line}`);
  say(`${steps.length} commands ended as they should, in ${seconds} s.`);
}

try {
  await main();
} catch (error) {
  say(`${shown.red}The demo stopped: ${(error as Error).message}${shown.off}`);
  process.exitCode = 1;
} finally {
  await forge(['sandbox', 'stop'], outside, { silent: true }).catch(() => {});
  rmSync(root, { recursive: true, force: true });
}
