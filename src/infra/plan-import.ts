import { readFile, stat } from 'node:fs/promises';
import { Lexer } from 'yaml';
import { buildConfig } from '../config/build-config.ts';
import { configInvalid, pathForPeople } from '../config/config-problem.ts';
import { mergeTrees, plainValue, type SourceFile, type Tree } from '../config/config-tree.ts';
import type { ConfigHost } from '../config/find-config.ts';
import { inspectConfig } from '../config/inspect-config.ts';
import { type Chain, readChain, withOwnPaths } from '../config/read-chain.ts';
import { type ConfigReading, judgeChain } from '../config/read-config.ts';
import { readYaml } from '../config/read-yaml.ts';
import { ForgeError } from '../errors.ts';
import { fileFailure } from '../files/file-failure.ts';
import { applyEdits, type Hunk, hunksOf } from './apply-edits.ts';
import type { ForgeFragment } from './judge-forge-output.ts';
import { beyond, planYamlEdits, type ValueChange } from './plan-yaml-edits.ts';
import { isPlainMap, type Plain, type PlainMap, saysAlready } from './same-meaning.ts';

export interface ImportPlan {
  readonly path: string;
  /** Bytes that the file has; undefined: it is to be made. */
  readonly before: Buffer | undefined;
  readonly after: Buffer;
  readonly hunks: readonly Hunk[];
  readonly changes: readonly ValueChange[];
  /** What the file has and Terraform has not: `break_glass.tiers.4`. Nothing is taken away. */
  readonly onlyInFile: readonly string[];
}

/** What a new file begins with. */
const newFile =
  '# forge’s configuration. All keys: docs/configuration.md. Check it: forge config check\nversion: 1\n';

/**
 * What importing does to a forge.yaml; nothing is written. The result says what Terraform says, and all that the file said
 * beyond it; it is read back, compared and checked, as forge config check does.
 */
export async function planImport(
  host: ConfigHost,
  path: string,
  fragment: ForgeFragment,
): Promise<ImportPlan> {
  const wanted = plainOf(fragment);
  const found = await existing(host, path);
  const text = found?.reading.sources[0]?.text ?? newFile;
  const effective = found === undefined ? { version: 1 } : plainOf(plainValue(found.tree));
  keepProduction(effective, wanted);
  const { edits, changes } = planYamlEdits(text, effective, wanted);
  const after = applyEdits(text, edits);
  if (found === undefined || edits.length > 0) {
    await check(host, { path, text: after }, found, { before: text, effective, wanted });
  }
  const mark = found?.marked === true ? '\uFEFF' : '';
  return {
    path,
    before: found?.bytes,
    after: Buffer.from(`${mark}${after}`),
    hunks: found === undefined ? hunksOf('', [{ start: 0, end: 0, text: after }]) : hunksOf(text, edits),
    changes,
    onlyInFile: onlyInFile(effective, wanted),
  };
}

interface Existing {
  readonly bytes: Buffer;
  /** Begins with a byte order mark. */
  readonly marked: boolean;
  readonly reading: Chain;
  readonly tree: Tree;
}

async function existing(host: ConfigHost, path: string): Promise<Existing | undefined> {
  const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw fileFailure(error, 'read', path);
  });
  if (there === undefined) return undefined;
  const reading = await readChain(host, path);
  const empty = reading.trees.length === 0 && isBlank(reading.sources[0]?.text ?? '');
  if (!empty) {
    const { tree, data, problems } = judgeChain(reading);
    if (data === undefined || tree === undefined) throw configInvalid(host, problems);
  }
  // Root may write anything, and renaming a new file over it needs no right to the old one: the mode is the owner's word.
  if ((there.mode & 0o222) === 0) {
    throw new ForgeError('usage', `${pathForPeople(host, path)} is read-only.`, {
      code: 'CONFIG_READ_ONLY',
      hint: `Allow it (chmod u+w ${path}), or write to another file: --file <path>`,
    });
  }
  const bytes = await readFile(path);
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const read = Buffer.from(`${mark ? '\uFEFF' : ''}${reading.sources[0]?.text ?? ''}`);
  if (!bytes.equals(read)) throw configChanged(host, path);
  const trees = empty ? [emptyTree(path)] : reading.trees;
  return { bytes, marked: mark, reading, tree: trees.reduceRight((under, over) => mergeTrees(under, over)) };
}

export function configChanged(host: ConfigHost, path: string): ForgeError {
  return new ForgeError(
    'failed',
    `${pathForPeople(host, path)} was changed meanwhile. Nothing was written.`,
    {
      code: 'CONFIG_CHANGED',
      hint: 'Type it again.',
    },
  );
}

/** Comments alone are a file too. */
const isBlank = (text: string) => text.split('\n').every((line) => /^\s*(#.*)?$/.test(line));

function emptyTree(path: string): Tree {
  return { kind: 'map', place: { file: path, line: 1, column: 1 }, entries: new Map() };
}

/** Whose production ends by an import would lose what guards it, without anybody having said so. */
function keepProduction(effective: PlainMap, wanted: PlainMap): void {
  const [now, then] = [mapIn(effective, 'environments'), mapIn(wanted, 'environments')];
  const name = Object.keys(then).find(
    (one) => mapIn(now, one).production === true && mapIn(then, one).production === false,
  );
  if (name === undefined) return;
  throw new ForgeError('usage', `${name} is production in forge.yaml, and Terraform says that it is not.`, {
    code: 'PRODUCTION_KEPT',
    hint: 'Correct it in Terraform; or take "production: true" out of forge.yaml by hand, under review.',
  });
}

interface Compared {
  readonly before: string;
  readonly effective: PlainMap;
  readonly wanted: PlainMap;
}

/** Read back: it says what it should, nothing else has changed, no comment is lost, and it works. */
async function check(
  host: ConfigHost,
  source: SourceFile,
  found: Existing | undefined,
  { before, effective, wanted }: Compared,
): Promise<void> {
  const { tree: read, problems } = readYaml(source);
  if (read === undefined) throw beyond([]);
  const tree = withOwnPaths(host, source.path, read);
  const [, ...bases] = found?.reading.trees ?? [];
  const sources = [source, ...(found?.reading.sources.slice(1) ?? [])];
  const result: ConfigReading = judgeChain({ sources, trees: [tree, ...bases], problems });
  if (result.tree === undefined) throw beyond([]);
  const now = plainOf(plainValue(result.tree));
  if (!saysAlready('', now, wanted) || !keeps(effective, now, wanted)) throw beyond([]);
  if (!hasAll(commentsOf(source.text), commentsOf(before))) throw beyond([]);
  const broken =
    result.data === undefined
      ? result.problems[0]
      : (await inspectConfig(buildConfig(result.data, []), result.tree)).find(
          ({ severity }) => severity === 'error',
        );
  if (broken === undefined) return;
  throw new ForgeError(
    'usage',
    `With it, ${pathForPeople(host, source.path)} would be wrong: ${broken.message}`,
    {
      code: 'CONFIG_INVALID',
      hint: ['Nothing was written.', ...(broken.hint === undefined ? [] : [broken.hint])].join('\n'),
    },
  );
}

/** Whatever Terraform does not name is as it was. */
function keeps(before: Plain, now: Plain | undefined, wanted: Plain | undefined): boolean {
  if (isPlainMap(before) && (wanted === undefined || isPlainMap(wanted))) {
    const map = isPlainMap(now) ? now : {};
    const added = Object.keys(map).filter((key) => !Object.hasOwn(before, key));
    return (
      added.every((key) => wanted !== undefined && Object.hasOwn(wanted, key)) &&
      Object.keys(before).every((key) => keeps(before[key] ?? null, map[key], wanted?.[key]))
    );
  }
  return wanted !== undefined || JSON.stringify(before) === JSON.stringify(now ?? null);
}

/** A member of a list that goes would take a comment of its own line along: that is left to people. */
function hasAll(now: readonly string[], before: readonly string[]): boolean {
  const left = [...now];
  return before.every((comment) => {
    const at = left.indexOf(comment);
    if (at < 0) return false;
    left.splice(at, 1);
    return true;
  });
}

function commentsOf(text: string): readonly string[] {
  return [...new Lexer().lex(text)].filter((token) => token.startsWith('#'));
}

function onlyInFile(effective: PlainMap, wanted: PlainMap): readonly string[] {
  const [now, then] = [mapIn(effective, 'break_glass'), mapIn(wanted, 'break_glass')];
  return ['tiers', 'scenarios', 'approvers'].flatMap((part) =>
    isPlainMap(then[part])
      ? Object.keys(mapIn(now, part))
          .filter((name) => !Object.hasOwn(mapIn(then, part), name))
          .map((name) => `break_glass.${part}.${name}`)
      : [],
  );
}

function mapIn(map: PlainMap, key: string): PlainMap {
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  return isPlainMap(value) ? value : {};
}

/** Bare values, without what is undefined. */
function plainOf(value: unknown): PlainMap {
  return JSON.parse(JSON.stringify(value)) as PlainMap;
}
