import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/sandbox/x509/certificates.ts';
import { bundleScript } from '../support/bundle-script.ts';
import { hasProgram } from '../support/programs.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { copyHome, listFiles } from './home-folder.ts';
import { leaksInFolder, leaksOfRun, type MeantPlaces } from './leak-search.ts';
import { listenToSandbox, noteClusterToken, noteDatabaseToken } from './listen-to-sandbox.ts';
import { createSecretLedger, findLeaks, type KnownSecret, type SecretKind, secretKinds } from './secrets.ts';
import { canTrace, type TracedRun, type TraceOptions, traceForge, traceSignIn } from './traced-forge.ts';

/**
 * Every command, as it works and as it fails, with --debug: no secret that the sandbox issued or was sent shows
 * anywhere but in the places that are meant for it, see leak-search.ts. The checker itself: secrets.test.ts.
 */
const withKubectl = hasProgram('kubectl', 'no secret where kubectl runs', 'help');
const withPsql = hasProgram('psql', 'no secret where psql runs');
if (!canTrace) process.stderr.write('\nSkipped for lack of a working strace: no secret in any argv\n');

const ledger = createSecretLedger();
const runs: { readonly name: string; readonly run: TracedRun; readonly meant: MeantPlaces }[] = [];
/** Folders that are searched at the end. */
const searched: string[] = [];
let sandbox: TestSandbox;
let listening: Disposable;
/** Signed in: dana by device code, dana in the browser, casey. */
let dana: string;
let browsing: string;
let casey: string;
let tools: string;
let temporary: string;
let snapshots: string;
let browser: string;

const roleKeys: readonly SecretKind[] = ['secret access key', 'session token'];
const tokenParts: readonly SecretKind[] = ['database token', 'session token'];
const clusterParts: readonly SecretKind[] = ['cluster token', 'session token'];

async function go(args: readonly string[], options: Partial<TraceOptions> = {}, meant: MeantPlaces = {}) {
  const run = await traceForge(sandbox, [...beforeDashes(args), '--debug', ...fromDashes(args)], {
    home: dana,
    folder: tools,
    ...options,
    env: {
      TMPDIR: temporary,
      SNAPSHOTS: snapshots,
      PATH: `${join(tools, 'bin')}:${sandbox.environment().PATH}`,
      ...options.env,
    },
  });
  runs.push({ name: args.join(' '), run, meant });
  return run;
}
const dashes = (args: readonly string[]) => (args.includes('--') ? args.indexOf('--') : args.length);
const beforeDashes = (args: readonly string[]) => args.slice(0, dashes(args));
const fromDashes = (args: readonly string[]) => args.slice(dashes(args));
async function works(...[args, options, meant]: Parameters<typeof go>) {
  const run = await go(args, options, meant);
  expect(run, `${args.join(' ')}: ${run.stderr}`).toMatchObject({ code: 0 });
  return run;
}
async function fails(code: number, ...[args, options, meant]: Parameters<typeof go>) {
  const run = await go(args, options, meant);
  expect(run, `${args.join(' ')}: ${run.stderr}`).toMatchObject({ code });
  return run;
}
const newFolder = async () => {
  const folder = await sandbox.newHome();
  searched.push(folder);
  return folder;
};
const browseAs = (person: string, decision: 'allow' | 'deny') => ({
  terminal: true,
  // Colours would stand between the letters that are looked for.
  env: { BROWSER: `${process.execPath} ${browser} ${person} ${decision} %s`, NO_COLOR: '1' },
});
const search = async () => {
  const secrets = ledger.all();
  const inRuns = runs.flatMap(({ name, run, meant }) => leaksOfRun(name, run, meant, secrets));
  const inFiles = await Promise.all(searched.map((folder) => leaksInFolder(folder, secrets)));
  return [...inRuns, ...inFiles.flat()];
};

beforeAll(async () => {
  sandbox = await startTestSandbox();
  listening = listenToSandbox(sandbox, ledger);
  tools = await sandbox.newHome();
  [dana, browsing, casey, temporary, snapshots] = [
    await newFolder(),
    await newFolder(),
    await newFolder(),
    await newFolder(),
    await newFolder(),
  ];
  browser = await bundleScript(join(import.meta.dirname, 'browser-worker.ts'), tools);
  await mkdir(join(tools, 'bin'));
  // What lies about while psql runs, which is gone when it ends.
  const script =
    '#!/bin/sh\ncp -a "$HOME" "$SNAPSHOTS/psql-$$"\nPATH=/usr/bin:/bin:/usr/local/bin exec psql "$@"\n';
  if (withPsql) await writeFile(join(tools, 'bin', 'psql'), script);
  if (withPsql) await chmod(join(tools, 'bin', 'psql'), 0o755);
});
afterAll(async () => {
  listening?.[Symbol.dispose]();
  await sandbox?.[Symbol.asyncDispose]();
});

/** Copies the folder of its kubeconfig, and lists pods where there is a kubectl. */
const kubeProgram = (name: string) =>
  `cp "$KUBECONFIG" "$SNAPSHOTS/kube-${name}"${withKubectl ? ' && kubectl get pods' : ''}`;

describe('no secret shows', () => {
  it('at sign-in, by device code and in the browser, allowed and refused', async () => {
    const device = async (home: string, person: string) => {
      const run = await traceSignIn(sandbox, person, { home, folder: tools, env: { TMPDIR: temporary } });
      expect(run.stderr).toContain('debug: ');
      runs.push({ name: `login --device-code as ${person}`, run, meant: {} });
    };
    const login = ['login', '--browser'];
    await Promise.all([
      device(dana, 'dana'),
      device(casey, 'casey'),
      works(login, { home: browsing, ...browseAs('dana', 'allow') }),
      fails(5, login, { home: await newFolder(), ...browseAs('dana', 'deny') }),
      fails(4, ['whoami'], { home: await newFolder() }),
    ]);
    await works(['login']);
    await works(['login', '--fresh', '--browser'], { home: browsing, ...browseAs('dana', 'allow') });
    await works(['login', '--plan']);
    expect(await search()).toEqual([]);
  });

  it('where everything works', async () => {
    const psql = { environment: { psql: tokenParts, cp: tokenParts } };
    const child = { environment: { sh: roleKeys, cp: roleKeys } };
    const select = 'select count(*) from orders';
    await works(['db', 'query', 'dev', select]);
    const [token, clusterToken, env] = await Promise.all([
      works(['db', 'token', 'dev'], {}, { stdout: tokenParts }),
      works(['kube', 'token', 'dev'], {}, { stdout: clusterParts }),
      works(['env', 'dev', '--shell', 'bash'], {}, { stdout: roleKeys }),
    ]);
    noteDatabaseToken(token.stdout.trim(), ledger);
    noteClusterToken(clusterToken.stdout, ledger);
    expect(env.stdout).toContain('AWS_SESSION_TOKEN');
    await Promise.all([
      works(['whoami']),
      works(['whoami', '--all', '--output', 'json']),
      works(['whoami', 'qa', '--refresh'], { home: browsing }),
      works(['db', 'list']),
      works(['db', 'list', '--env', 'dev', '--discover']),
      works(['db', 'query', 'dev', select, '--output', 'json', '--reason', 'INC-1']),
      works(['db', 'query', 'dev'], { stdin: 'select 1; select 2' }),
      works(['db', 'check', 'dev']),
      works(['db', 'check', 'qa', '--output', 'json'], { home: browsing }),
      works(['db', 'connect', 'dev', '--client', 'builtin'], { stdin: '\\d orders\nselect 1;\n' }),
      works(['exec', 'dev', '--', 'sh', '-c', 'cp -a "$HOME" "$SNAPSHOTS/exec" || true'], {}, child),
      works(['console', 'dev', '--print']),
      works(['config', 'show']),
      works(['config', 'check']),
      works(['config', 'aws-profiles']),
      works(['kube', 'token', 'dev', '--plan']),
      // What lies about while a program runs: its kubeconfig, and the socket that tokens come from.
      works(['kube', 'exec', 'dev', '--', 'sh', '-c', kubeProgram('dev')]),
      works(
        ['kube', 'exec', 'prod-wealth', '--reason', 'INC-3', '--', 'sh', '-c', kubeProgram('production')],
        { home: casey },
      ),
      works(['kube', 'token', 'prod-wealth'], { home: casey }, { stdout: clusterParts }),
      works(['db', 'connect', 'dev', '--plan']),
      works(['exec', 'dev', '--plan', '--', 'true']),
      works(['db', 'query', 'prod-wealth', 'select 1'], { home: casey }),
      works(['exec', 'prod-wealth', '--reason', 'INC-2', '--', 'sh', '-c', 'true'], { home: casey }, child),
    ]);
    if (withPsql) await works(['db', 'connect', 'dev', '--', '-c', select], {}, psql);
    // Keys of production are in no file, not even in the cache.
    const production = sandbox.world.keys
      .all()
      .filter(({ principal }) => principal.account === '333333333333');
    expect(production.length).toBeGreaterThan(2);
    const ofProduction = production.flatMap(({ secretAccessKey, sessionToken = '' }): KnownSecret[] => [
      { kind: 'secret access key', value: secretAccessKey },
      { kind: 'session token', value: sessionToken },
    ]);
    expect(await anyLeaks(casey, ofProduction)).toEqual([]);
    // forge gets its keys from whoever calls it, and asks AWS nothing.
    const { env: ambient } = await ambientKeys();
    const [host = ''] = sandbox.state.databases.map(({ endpoint }) => endpoint);
    const given = { environment: { node: roleKeys } };
    await works(
      ['db', 'token', '--host', host, '--user', 'developer'],
      { env: ambient },
      { ...given, stdout: tokenParts },
    );
    expect(await search()).toEqual([]);
  });

  /** Keys as other tools get them from `forge credentials`, in environment variables. */
  async function ambientKeys() {
    const { stdout } = await works(['credentials', 'dev'], {}, { stdout: roleKeys });
    const keys = JSON.parse(stdout) as Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string>;
    const env = {
      AWS_ACCESS_KEY_ID: keys.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
      AWS_SESSION_TOKEN: keys.SessionToken,
      FORGE_CONFIG: undefined,
    };
    return { env, secrets: [keys.SecretAccessKey, keys.SessionToken] };
  }

  it('where something fails', async () => {
    const select = ['db', 'query', 'dev', 'select 1'];
    const other = createCertificateAuthority('somebody else', Date.now());
    const otherCa = join(tools, 'other.pem');
    await writeFile(otherCa, other.certificate);
    const half = await copyHome(dana, await newFolder());
    await changeTokens(half, { expiresAt: '2020-01-01T00:00:00Z', refreshToken: 'aorForged' });
    await Promise.all([
      fails(5, ['whoami', 'prod-wealth']),
      fails(5, ['exec', 'prod-cash', '--reason', 'x', '--', 'true']),
      fails(5, ['kube', 'token', 'prod-wealth']),
      fails(5, ['kube', 'exec', 'prod-wealth', '--reason', 'x', '--', 'true']),
      fails(4, ['kube', 'token', 'dev'], { home: half }),
      fails(4, ['kube', 'token', '--socket', join(tools, 'gone')]),
      fails(5, [...select, '--role', 'arn:aws:iam::111111111111:role/gone']),
      fails(5, [...select, '--user', 'noiam']),
      fails(5, [
        ...select,
        '--user',
        'forge_rw',
        '--role',
        'arn:aws:iam::111111111111:role/readonly-rds-access',
      ]),
      fails(1, [...select, '--ca', otherCa]),
      fails(1, ['db', 'query', 'dev', 'select nonsense from nowhere']),
      fails(4, ['whoami'], { home: half }),
      fails(1, ['db', 'check', 'dev', '--ca', otherCa]),
      fails(6, ['whoami', '--refresh'], { env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } }),
      // Where it is looked for, it is tried with its environment.
      fails(
        127,
        ['exec', 'dev', '--', 'no-such-program'],
        {},
        { environment: { 'no-such-program': roleKeys } },
      ),
    ]);
    expect(await search()).toEqual([]);
    // The sandbox's own log, before it is made to say such things.
    const log = await readFile(sandbox.state.log, 'utf8');
    expect(log.split('\n').length).toBeGreaterThan(50);
    expect(findLeaks(log, ledger.all())).toEqual([]);
  });

  it('where AWS repeats in its answer what it was sent', async () => {
    const trouble = { status: 500, error: 'InternalServerErrorException', times: 6 };
    const { env, secrets } = await ambientKeys();
    for (const [service, operation, sent, options] of [
      ['sso', 'GetRoleCredentials', [await currentAccessToken(dana)], {}],
      ['sts', 'GetCallerIdentity', secrets, { env }],
    ] as const) {
      const message = `What is ${sent.join(' and ')}?`;
      await sandbox.admin.fault({ ...trouble, service, operation, message });
      for (const form of ['table', 'json']) {
        const run = await fails(6, ['whoami', '--refresh', '--output', form], options, {
          environment: { node: roleKeys },
        });
        expect(run.stderr).toContain('What is ***');
      }
      await sandbox.admin.clearFaults();
    }
    expect(await search()).toEqual([]);
  });

  it('after signing out, when all that is left is the registration of the program', async () => {
    await Promise.all([
      works(['logout']),
      works(['logout', '--all'], { home: browsing }),
      works(['logout'], { home: casey }),
    ]);
    const kinds = ledger.all().filter(({ kind }) => kind !== 'client secret');
    const left = await Promise.all([dana, browsing, casey].map((home) => anyLeaks(home, kinds)));
    expect(left.flat()).toEqual([]);
    expect(await search()).toEqual([]);
  });

  it('and that was not for lack of secrets', async () => {
    expect([...new Set(ledger.all().map(({ kind }) => kind))].sort()).toEqual([...secretKinds].sort());
    expect(ledger.all().length).toBeGreaterThan(60);
    const journal = join(dana, '.local', 'state', 'forge', 'audit');
    const [month = ''] = (await readdir(journal)).filter((name) => name.endsWith('.jsonl'));
    expect((await readFile(join(journal, month), 'utf8')).split('\n').length).toBeGreaterThan(20);
    const taken = await readdir(snapshots);
    expect(taken.filter((name) => /^(exec|psql-\d+)$/.test(name))).toHaveLength(withPsql ? 2 : 1);
    expect(taken).toEqual(expect.arrayContaining(['kube-dev', 'kube-production']));
    if (!canTrace || !withPsql) return;
    const psql = runs.flatMap(({ run }) => run.programs).find(({ path }) => path.endsWith('/bin/psql'));
    const password = psql?.env.find((variable) => variable.startsWith('PGPASSWORD=')) ?? '';
    expect(
      findLeaks(password, ledger.all())
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual([...tokenParts].sort());
  });
});

/** Each of these is a leak, made with a child of forge that has keys: one that is not found is a hole. */
describe('a leak is found', () => {
  const leaking: Readonly<Record<string, readonly [script: string, found: RegExp]>> = {
    'on stdout, in base64': [
      'printf %s "$AWS_SESSION_TOKEN" | base64 | tr -d "\\n"',
      /: stdout holds a session token \(base64\)/,
    ],
    'on stderr': ['echo "it was $AWS_SECRET_ACCESS_KEY" >&2', /: stderr holds a secret access key/],
    'in a file of HOME': ['echo "$AWS_SESSION_TOKEN" > "$HOME/notes"', /^file notes holds a session token/],
    'in the journal': [
      'mkdir -p "$HOME/.local/state/forge/audit"; echo "$AWS_SECRET_ACCESS_KEY" >> "$HOME/.local/state/forge/audit/x"',
      /^file \.local\/state\/forge\/audit\/x holds a secret access key/,
    ],
    'in a cache that is meant for other secrets': [
      'cp -r "$HOME/.aws/sso/cache" "$HOME/.cache/forge/credentials/"; cd "$HOME/.cache/forge/credentials"; for x in cache/*; do mv "$x" "$(printf %064d 1).json"; done',
      /^file \.cache\/forge\/credentials\/0+1\.json holds a (access|refresh) token/,
    ],
    ...(canTrace
      ? {
          'in the arguments of a program': [
            'env true "$AWS_SECRET_ACCESS_KEY"',
            /: arguments of \S*\/env holds a secret access key/,
          ],
          'in the environment of a program that needs none': [
            'env true',
            /: environment of \S*\/true holds a session token/,
          ],
        }
      : {}),
  };

  it.concurrent.each(Object.entries(leaking))('%s', async (_, [script, found]) => {
    const home = await sandbox.newHome();
    await sandbox.signIn('dana', { home });
    const run = await traceForge(sandbox, ['exec', 'dev', '--', 'sh', '-c', script], { home, folder: tools });
    expect(run, run.stderr).toMatchObject({ code: 0 });
    const secrets = ledger.all();
    const leaks = [
      ...leaksOfRun('exec', run, { environment: { sh: roleKeys } }, secrets),
      ...(await leaksInFolder(home, secrets)),
    ];
    expect(leaks.filter((leak) => found.test(leak))).not.toEqual([]);
  });
});

/** As leaksInFolder, but no file is meant to hold any. */
async function anyLeaks(folder: string, secrets: readonly KnownSecret[]): Promise<string[]> {
  const files = await listFiles(folder);
  const leaks = await Promise.all(
    files.map(async (file) =>
      findLeaks(await readFile(join(folder, file)), secrets).map(({ kind }) => `${file} holds a ${kind}`),
    ),
  );
  return leaks.flat();
}

async function changeTokens(home: string, change: Readonly<Record<string, string>>): Promise<void> {
  const cache = join(home, '.aws', 'sso', 'cache');
  for (const name of await readdir(cache)) {
    const record = JSON.parse(await readFile(join(cache, name), 'utf8')) as Record<string, string>;
    if (record.accessToken !== undefined) {
      await writeFile(join(cache, name), JSON.stringify({ ...record, ...change }));
    }
  }
}

async function currentAccessToken(home: string): Promise<string> {
  const cache = join(home, '.aws', 'sso', 'cache');
  for (const name of await readdir(cache)) {
    const record = JSON.parse(await readFile(join(cache, name), 'utf8')) as Record<string, string>;
    if (record.accessToken !== undefined) return record.accessToken;
  }
  throw new Error('nobody is signed in');
}
