/**
 * `npm run demo`: the main job on the sandbox, as a person would type it. Every command is the built binary in a
 * process of its own; what is printed is its real output. The person's part, pressing Allow on the sign-in page,
 * is played over HTTP on the same page that a browser would show.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { allowOnPage } from '../test/support/sign-in-page.ts';

const forgeFile = join(process.cwd(), 'bin', 'forge.cjs');
const root = mkdtempSync(join(tmpdir(), 'forge-demo-'));
const started = performance.now();
const shown = { bold: '\x1b[1m', dim: '\x1b[2m', red: '\x1b[31m', off: '\x1b[0m' };
if (!process.stdout.isTTY || process.env.NO_COLOR)
  for (const name of Object.keys(shown)) Object.assign(shown, { [name]: '' });

interface Person {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
}

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
  const expected = options.expected ?? 0;
  if (!options.silent) steps.push({ line, expected, code });
  if (code !== expected)
    throw new Error(`"${line}" ended with ${code}, expected ${expected}.\n${options.silent ? err : ''}`);
  return out;
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

async function main(): Promise<void> {
  say(`${shown.dim}An AWS on loopback: nothing here leaves this machine.${shown.off}`);
  await forge(['sandbox', 'start'], outside);

  say(`\n${shown.dim}--- Dana, a software engineer ---${shown.off}`);
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

  say(`\n${shown.dim}--- Instances, through Session Manager, without a plugin ---${shown.off}`);
  await forge(['ssm', 'list'], dana.env);
  await forge(['ssm', 'run', 'dev/web-1', '--', 'uname -s; exit 3'], dana.env, { expected: 3 });
  await forge(['ssm', 'run', 'dev', '--tag', 'role=web', '--', 'echo up'], dana.env);

  await forge(['db', 'query', 'dev', 'select count(*) from products', '--via', 'tunnel'], dana.env);

  say(`\n${shown.dim}--- Nobody has standing access to production ---${shown.off}`);
  await forge(['db', 'query', 'prod-cash', 'select 1'], dana.env, { expected: 5 });

  say(
    `\n${shown.dim}--- Casey holds the one standing read-only permission set, on prod-wealth ---${shown.off}`,
  );
  const casey = await become('casey');
  await signIn(casey);
  await forge(['db', 'query', 'prod-wealth', 'select count(*) from orders'], casey.env);
  await forge(['db', 'query', 'prod-wealth', 'delete from orders'], casey.env, { expected: 1 });

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
