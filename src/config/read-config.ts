import { safeParse } from 'valibot';
import { type ConfigFile, configSchema } from './config-schema.ts';
import { mergeTrees, type Problem, plainValue, type SourceFile, type Tree } from './config-tree.ts';
import { explainIssues } from './explain-issues.ts';
import type { ConfigHost } from './find-config.ts';
import { findContradictions } from './find-contradictions.ts';
import { type Chain, readChain } from './read-chain.ts';

export interface ConfigReading {
  /** The most specific first, then what it extends. */
  readonly sources: readonly SourceFile[];
  /** All of them as one; undefined when one is no YAML. */
  readonly tree: Tree | undefined;
  /** Undefined when there are problems. */
  readonly data: ConfigFile | undefined;
  readonly problems: readonly Problem[];
}

/** Reads a file and what it extends, merges and validates them. Throws only when the first one can't be read. */
export async function readConfig(host: ConfigHost, path: string): Promise<ConfigReading> {
  return judgeChain(await readChain(host, path));
}

export function judgeChain({ sources, trees, problems }: Chain): ConfigReading {
  if (problems.length > 0 || trees[0] === undefined) {
    return { sources, tree: undefined, data: undefined, problems };
  }
  const tree = trees.reduceRight((under, over) => mergeTrees(under, over));
  const result = safeParse(configSchema, plainValue(tree));
  const issues = explainIssues(tree, result.issues ?? []);
  const found = result.success && issues.length === 0 ? findContradictions(result.output, tree) : issues;
  const data = result.success && found.length === 0 ? result.output : undefined;
  return { sources, tree, data, problems: inOrder(found, sources) };
}

/** As a reader meets them: file by file, from the top. */
function inOrder(problems: readonly Problem[], sources: readonly SourceFile[]): readonly Problem[] {
  const rank = new Map(sources.map((source, index) => [source.path, index]));
  return [...problems].sort(
    (a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
