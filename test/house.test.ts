import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The rules of the house (CONTRIBUTING.md), read off the source. dependency-cruiser can't read TypeScript 7
 * (it has no compiler API), and these few patterns need no parser: the formatter keeps imports in one shape.
 */

/** From the roof down; rooms in one line stand side by side. `a>b` below allows a look into the room beside. */
const floors: readonly (readonly string[])[] = [
  ['entry', 'lambda'],
  ['main'],
  ['program', 'kubectl-line'],
  ['complete'],
  ['find-entry'],
  ['command-tree'],
  ['run-command'],
  ['commands'],
  ['command'],
  ['context'],
  ['db', 'kube', 'infra'],
  ['db/wire'],
  ['ssm'],
  ['ssm/wire'],
  ['access'],
  ['breakglass'],
  ['identity', 'targets'],
  ['terminal', 'config', 'audit', 'aws'],
  ['files'],
  ['host'],
  ['breakglass/protocol', 'iam'],
  ['errors', 'version'],
  ['lib'],
];
/** identity asks targets what an environment is; the SDK's settings come from configuration files too. */
const sideways = new Set(['identity>targets', 'aws>config']);
const sandboxMayImport = new Set([
  'sandbox',
  'lib',
  'files',
  'host',
  'errors',
  'version',
  'db/wire',
  'ssm/wire',
  'breakglass/protocol',
  'iam',
]);

const files = readdirSync(join(import.meta.dirname, '..', 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => `src/${file.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.ts'));
const source = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8');
/** Comments say what code must not: they don't count. */
const code = (file: string) =>
  source(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '');

function room(file: string): string {
  const path = file.replace(/^src\//, '').replace(/\.ts$/, '');
  for (const wire of ['db/wire', 'ssm/wire', 'breakglass/protocol'])
    if (path.startsWith(`${wire}/`)) return wire;
  if (path.startsWith('commands/sandbox/')) return 'commands/sandbox';
  return path.split('/')[0] ?? '';
}

const imports = (file: string) =>
  [
    ...source(file).matchAll(
      /(?:^|[;\s])(?:import|export)\s[^;]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|^import '([^']+)'/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

const localImports = files.flatMap((file) =>
  imports(file)
    .filter((specifier) => specifier.startsWith('.') && !specifier.endsWith('.json'))
    .map((specifier) => ({
      file,
      imported: normalize(join(dirname(file), specifier)).replaceAll('\\', '/'),
    })),
);
const levelOf = (name: string) =>
  floors.findIndex((floor) => floor.includes(name === 'commands/sandbox' ? 'commands' : name));

describe('the house', () => {
  it('sees the files and their imports', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(localImports.length).toBeGreaterThan(30);
    for (const { file, imported } of localImports)
      expect(files, `${file} imports ${imported}`).toContain(imported);
  });

  it('every room has a floor', () => {
    const unknown = files.filter((file) => room(file) !== 'sandbox' && levelOf(room(file)) < 0);
    expect(unknown).toEqual([]);
  });

  it('imports go down, and beside only where that was decided', () => {
    const wrong = localImports.filter(({ file, imported }) => {
      const [from, to] = [room(file), room(imported)];
      if (from === 'sandbox' || to === 'sandbox') return false;
      if (from === to || (from.startsWith('commands') && to.startsWith('commands'))) return false;
      const [high, low] = [levelOf(from), levelOf(to)];
      return low < high || (low === high && !sideways.has(`${from}>${to}`));
    });
    expect(wrong).toEqual([]);
  });

  it('the sandbox stands aside and shares no trade with what it tests', () => {
    const wrong = localImports.filter(({ file, imported }) => {
      const [from, to] = [room(file), room(imported)];
      if (from === 'sandbox') return !sandboxMayImport.has(to) || imported === 'src/lib/sigv4.ts';
      return to === 'sandbox' && from !== 'commands/sandbox';
    });
    expect(wrong).toEqual([]);
  });

  it('only src/aws imports the SDK', () => {
    const wrong = files.filter(
      (file) => room(file) !== 'aws' && imports(file).some((name) => /^@(aws-sdk|smithy)\//.test(name)),
    );
    expect(wrong).toEqual([]);
  });

  it('only the host says process, console or the time', () => {
    const said =
      /\bprocess\.(?!kill\b)|\bconsole\.(log|error|warn|info|debug|trace|table)\b|\bDate\.now\(\)|\bnew Date\(\)|globalThis\.process/;
    const wrong = files.filter((file) => file !== 'src/host.ts' && said.test(code(file)));
    expect(wrong).toEqual([]);
  });

  it('nobody forges an Access', () => {
    const wrong = files.filter(
      (file) => room(file) !== 'access' && /as (unknown as )?Access\b/.test(code(file)),
    );
    expect(wrong).toEqual([]);
  });

  it('no shell strings, no switched-off checks, no leftovers', () => {
    const said =
      /\bexecSync\(|shell: true|@ts-ignore|@ts-expect-error|@ts-nocheck|biome-ignore|\bTODO\b|\bFIXME\b/;
    expect(files.filter((file) => said.test(source(file)))).toEqual([]);
  });

  it('a file is one idea: at most 300 lines', () => {
    const long = files.filter((file) => source(file).split('\n').length > 301);
    expect(long).toEqual([]);
  });

  it('no barrels and no junk drawers', () => {
    const names = /(^|\/)(index|utils?|helpers?|common|services?|types)(\.ts|\/)/;
    expect(files.filter((file) => names.test(file.replace('src/', '')))).toEqual([]);
  });
});
