import type { ConfigFile } from './config-schema.ts';
import { findEntry, type Problem, pathText, type Tree } from './config-tree.ts';
import { findTwice, parseForward } from './forward-spec.ts';

/** What the schema can't say: exactly one of several keys, and keys that go together. */
export function findContradictions(data: ConfigFile, tree: Tree): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (path: readonly string[], what: string, hint?: string) => {
    problems.push({
      ...findEntry(tree, path).key,
      path: pathText(path),
      message: `${pathText(path)} ${what}.`,
      hint,
    });
  };
  for (const [name, environment] of Object.entries(data.environments ?? {})) {
    for (const [key, database] of Object.entries(environment.databases ?? {})) {
      const path = ['environments', name, 'databases', key];
      const located = (['cluster', 'instance', 'endpoint'] as const).filter(
        (way) => database[way] !== undefined,
      );
      if (located.length === 0) add(path, 'needs one of "cluster", "instance" and "endpoint"');
      if (located.length > 1) add(path, `has ${quoted(located)}; it must be one of them`);
      if (database.endpoint_type === 'reader' && database.cluster === undefined && located.length === 1) {
        add([...path, 'endpoint_type'], 'is reader, which only a "cluster" has');
      }
    }
    for (const [key, { endpoint, ca }] of Object.entries(environment.clusters ?? {})) {
      const path = ['environments', name, 'clusters', key];
      if (endpoint !== undefined && ca === undefined) add(path, 'has "endpoint", which needs "ca" beside it');
      if (endpoint === undefined && ca !== undefined) add(path, 'has "ca", which is for "endpoint" only');
    }
    for (const [key, instance] of Object.entries(environment.instances ?? {})) {
      const path = ['environments', name, 'instances', key];
      const tags = Object.keys(instance.tags ?? {}).length;
      if (instance.id === undefined && tags === 0) add(path, 'needs "id" or "tags"');
      if (instance.id !== undefined && instance.tags !== undefined)
        add(path, 'has "id" and "tags"; it must be one of them');
    }
    for (const [key, group] of Object.entries(environment.forwards ?? {})) {
      const path = ['environments', name, 'forwards', key];
      if ((group.ports ?? []).length === 0 && group.socks === undefined)
        add(path, 'needs "ports" or "socks"');
      const twice = findTwice([
        ...(group.ports ?? []).map((text) => parseForward(String(text))),
        ...(group.socks === undefined ? [] : [parseForward(String(group.socks))]),
      ]);
      if (twice !== undefined) add(path, `would listen twice on ${twice}`);
    }
  }
  for (const [name, tier] of Object.entries(data.break_glass?.tiers ?? {})) {
    const path = ['break_glass', 'tiers', name];
    if (tier.approval === 'approver' && tier.approvers === undefined)
      add(path, 'needs "approvers": its approval is approver');
    if (tier.approval !== 'approver' && tier.approvers !== undefined) {
      add([...path, 'approvers'], `is said, but approval is ${tier.approval}`);
    }
  }
  return problems;
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(' and ');
}
