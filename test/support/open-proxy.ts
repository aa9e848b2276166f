import { spawn } from 'node:child_process';
import pg from 'pg';
import { builtForge } from './built-forge.ts';
import type { TestSandbox } from './sandbox.ts';

/** One of what `forge db proxy --output json` prints. */
export interface ProxyFacts {
  readonly target: string;
  readonly readOnly: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | null;
  readonly connectionString: string;
  readonly jdbcUrl: string | null;
  readonly psql: string;
  readonly socket: string | null;
}

/** The built `forge db proxy`, while it runs. */
export interface OpenProxy extends AsyncDisposable {
  readonly pid: number;
  readonly facts: readonly ProxyFacts[];
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
  interrupt(): void;
}

export async function openProxy(
  sandbox: TestSandbox,
  args: readonly string[],
  person?: string,
): Promise<OpenProxy> {
  const child = spawn(process.execPath, [await builtForge(), 'db', 'proxy', ...args, '--output', 'json'], {
    env: sandbox.environment(person === undefined ? {} : { person }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  const facts = await new Promise<readonly ProxyFacts[]>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
      if (out.endsWith(']\n')) resolve(JSON.parse(out) as ProxyFacts[]);
    });
    exit.then((code) => reject(new Error(`ended with ${code}: ${err}`)), reject);
  });
  return {
    pid: child.pid ?? 0,
    facts,
    stderr: () => err,
    exit,
    interrupt: () => void child.kill('SIGINT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await exit;
    },
  };
}

/** A client of it. `lost` is what its connection ended with. */
export async function clientOf(facts: ProxyFacts | undefined, applicationName = 'DBeaver 24.1') {
  const { host, port, user, database, password } = facts ?? {};
  const client = new pg.Client({
    ...{ host, port, user, database, password: password ?? '', ssl: false },
    application_name: applicationName,
  });
  const lost = new Promise<Error & { readonly code?: string }>((resolve) => client.once('error', resolve));
  client.on('error', () => {});
  await client.connect();
  return { client, lost };
}
