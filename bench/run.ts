/**
 * `npm run bench [rounds]`: what forge's commands cost, paired in one run with bare node, with the AWS CLI and with
 * connect.sh done by hand (aws sts, aws rds, psql), on the sandbox. Ratios, because a machine's speed is not forge's.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeZip } from '../src/lib/zip.ts';
import { signInByPage } from '../test/support/sign-in-page.ts';
import { type Candidate, type Measured, measure } from './measure.ts';

const rounds = Number(process.argv[2] ?? 15);
const forge = [process.execPath, join(process.cwd(), 'bin', 'forge.cjs')];
const root = mkdtempSync(join(tmpdir(), 'forge-bench-'));
// Set, NODE_EXTRA_CA_CERTS doubles what Node itself costs to start.
const outside: NodeJS.ProcessEnv = { ...process.env, FORGE_SANDBOX_DIR: join(root, 'sandbox') };
delete outside.NODE_EXTRA_CA_CERTS;

const handlers = join(root, 'index.cjs');
const archive = readFileSync(join(process.cwd(), 'dist', 'lambda', 'forge-breakglass.zip'));
writeFileSync(handlers, decodeZip(archive).get('index.cjs') ?? '');

const has = (command: string, argument = '--version') =>
  spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;

const askOutside = (...words: string[]) =>
  execFileSync(forge[0] ?? '', [...forge.slice(1), ...words], { env: outside, encoding: 'utf8' });

function sandboxEnvironment(): NodeJS.ProcessEnv {
  const script = 'process.stdout.write(JSON.stringify(process.env))';
  const words = ['sandbox', 'run', '--as', 'dana', '--', process.execPath, '-e', script];
  return JSON.parse(
    execFileSync(forge[0] ?? '', [...forge.slice(1), ...words], { env: outside, encoding: 'utf8' }),
  );
}

/** The steps of connect.sh, as people type them: assume the role, export, mint the token, psql. */
const connectByHand = `
set -e
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <<<"$(aws sts assume-role \\
  --role-arn arn:aws:iam::111111111111:role/developer-rds-access --role-session-name dev-psql-$(date +%s) \\
  --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)"
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
export PGPASSWORD="$(aws rds generate-db-auth-token --hostname "$DB_HOST" --port "$DB_PORT" --username developer --region us-east-1)"
psql "host=$DB_HOST port=$DB_PORT user=developer dbname=shop_dev sslmode=verify-full" -Atc 'select count(*) from orders'
`;

interface Proxy {
  readonly socket: string;
  readonly key: string;
  end(): void;
}

/** A forge that hands out its tokens; where and with which key stands in the kubeconfig that it prints. */
async function startProxy(env: NodeJS.ProcessEnv): Promise<Proxy> {
  const [node = '', script = ''] = forge;
  const child = spawn(node, [script, 'kube', 'proxy', 'dev', '--output', 'json'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.endsWith('}\n')) break;
  }
  const { kubeconfig } = JSON.parse(text) as { kubeconfig: string };
  const written = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    users: { user: { exec: { args: string[]; env: { value: string }[] } } }[];
  };
  const { args = [], env: variables = [] } = written.users[0]?.user.exec ?? {};
  return {
    socket: args.at(-1) ?? '',
    key: variables[0]?.value ?? '',
    end: () => void child.kill(),
  };
}

function candidates(env: NodeJS.ProcessEnv, proxy: Proxy): Candidate[] {
  const node = { name: 'node -e 0', command: [process.execPath, '-e', '0'], env };
  const own = (name: string, ...words: string[]) => ({ name, command: [...forge, ...words], env });
  const ask = (...words: string[]) =>
    execFileSync(forge[0] ?? '', [...forge.slice(1), ...words], { env, encoding: 'utf8' });
  const { databases } = JSON.parse(askOutside('sandbox', 'status', '--output', 'json')) as {
    databases: { target: string; endpoint: string; port: number }[];
  };
  const { endpoint: host = '', port = 0 } = databases.find(({ target }) => target.startsWith('dev/')) ?? {};
  const keys = JSON.parse(ask('credentials', 'dev'));
  const ambient: NodeJS.ProcessEnv = {
    ...env,
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
  };
  const token = ['--host', host, '--port', String(port), '--user', 'developer', '--region', 'us-east-1'];
  const list: Candidate[] = [
    node,
    own('forge --version', '--version'),
    // What a function's cold start adds to its runtime's own.
    ...['recorder', 'revoker', 'sweeper', 'exporter'].map((handler) => ({
      name: `import of the ${handler}`,
      command: [process.execPath, '-e', `require(${JSON.stringify(handlers)}).${handler}.call`],
      env,
    })),
    own('forge --help', '--help'),
    own('forge whoami, warm', 'whoami'),
    {
      name: 'forge db token, ambient credentials',
      command: [...forge, 'db', 'token', ...token],
      env: ambient,
    },
    own('forge db query, warm', 'db', 'query', 'dev', 'select count(*) from orders'),
    own('forge kube token dev, warm', 'kube', 'token', 'dev'),
    {
      name: 'forge kube token, ambient credentials',
      command: [...forge, 'kube', 'token', '--cluster', 'dev-eks-cluster', '--region', 'us-east-1'],
      env: ambient,
    },
    {
      name: 'forge kube token --socket',
      command: [...forge, 'kube', 'token', '--socket', proxy.socket],
      env: { ...env, FORGE_KUBE_TOKEN_KEY: proxy.key },
    },
    own('forge kube exec dev -- true', 'kube', 'exec', 'dev', '--', 'true'),
  ];
  const withKubectl = has('kubectl', 'help');
  const getPods = ['kubectl', 'get', 'pods'] as const;
  if (withKubectl)
    list.push(own('forge kube exec dev -- kubectl get pods', 'kube', 'exec', 'dev', '--', ...getPods));
  if (!has('aws')) return list;
  if (withKubectl) {
    const kubeconfig = join(root, 'aws.kubeconfig');
    const update = ['eks', 'update-kubeconfig', '--name', 'dev-eks-cluster', '--region', 'us-east-1'];
    execFileSync('aws', [...update, '--kubeconfig', kubeconfig], { env: ambient, stdio: 'ignore' });
    const byAws: NodeJS.ProcessEnv = { ...ambient, KUBECONFIG: kubeconfig };
    // Its tokens would be for the sandbox's address, and must be for AWS's, as EKS wants them.
    delete byAws.AWS_ENDPOINT_URL;
    list.push({ name: 'kubectl get pods, aws eks get-token', command: getPods, env: byAws });
  }
  const generate = [
    'rds',
    'generate-db-auth-token',
    '--hostname',
    host,
    '--port',
    String(port),
    '--username',
    'developer',
  ];
  list.push(
    { name: 'aws --version', command: ['aws', '--version'], env },
    { name: 'aws sts get-caller-identity', command: ['aws', 'sts', 'get-caller-identity'], env: ambient },
    {
      name: 'aws rds generate-db-auth-token',
      command: ['aws', ...generate, '--region', 'us-east-1'],
      env: ambient,
    },
    {
      name: 'aws eks get-token',
      command: ['aws', 'eks', 'get-token', '--cluster-name', 'dev-eks-cluster', '--region', 'us-east-1'],
      env: ambient,
    },
  );
  if (has('psql')) {
    const byHand = { ...ambient, DB_HOST: host, DB_PORT: String(port) };
    list.push({ name: 'connect.sh by hand', command: ['bash', '-c', connectByHand], env: byHand });
  }
  return list;
}

/** [what, against what, the highest ratio that is still good]. */
const bars: readonly (readonly [string, string, number])[] = [
  ['forge --version', 'node -e 0', 1.3],
  ['forge --help', 'node -e 0', 1.7],
  ['forge whoami, warm', 'node -e 0', 5],
  ['forge db token, ambient credentials', 'node -e 0', 3.2],
  ['forge db token, ambient credentials', 'aws rds generate-db-auth-token', 0.18],
  ['forge db query, warm', 'connect.sh by hand', 0.2],
  ['forge kube token dev, warm', 'node -e 0', 1.9],
  ['forge kube token dev, warm', 'aws eks get-token', 0.12],
  ['forge kube token, ambient credentials', 'node -e 0', 1.9],
  ['forge kube token, ambient credentials', 'aws eks get-token', 0.12],
  ['forge kube token --socket', 'node -e 0', 1.9],
];

function report(measured: readonly Measured[]): void {
  const find = (name: string) => measured.find((candidate) => candidate.name === name);
  const bare = find('node -e 0')?.cpu ?? 1;
  console.log(`\n| command | CPU ms | × node | wall ms |\n|---|---:|---:|---:|`);
  for (const { name, cpu, wall } of measured) {
    console.log(`| ${name} | ${cpu.toFixed(0)} | ${(cpu / bare).toFixed(2)} | ${wall.toFixed(0)} |`);
  }
  console.log('\n| bar | wanted | measured | |\n|---|---:|---:|---|');
  for (const [name, against, limit] of bars) {
    const [one, other] = [find(name), find(against)];
    if (one === undefined || other === undefined) {
      console.log(`| ${name} / ${against} | ≤ ${limit} | not measured: ${against} is not installed | |`);
      continue;
    }
    const ratio = one.cpu / other.cpu;
    console.log(
      `| ${name} / ${against} | ≤ ${limit} | ${ratio.toFixed(2)} | ${ratio <= limit ? 'holds' : 'MISSED'} |`,
    );
    if (ratio > limit) process.exitCode = 1;
  }
  const when = new Date().toISOString().slice(0, 10);
  console.log(
    `\n${when}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${rounds} rounds, medians.`,
  );
}

try {
  execFileSync(forge[0] ?? '', [...forge.slice(1), 'sandbox', 'start'], { env: outside, stdio: 'ignore' });
  const env = sandboxEnvironment();
  await signInByPage([...forge], env, 'dana');
  const proxy = await startProxy(env);
  try {
    report(measure(candidates(env, proxy), rounds));
  } finally {
    proxy.end();
  }
} finally {
  spawnSync(forge[0] ?? '', [...forge.slice(1), 'sandbox', 'stop'], { env: outside, stdio: 'ignore' });
  rmSync(root, { recursive: true, force: true });
}
