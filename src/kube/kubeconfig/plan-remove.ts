import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import type { KubeChange } from './change-kubeconfigs.ts';
import type { KubeEdit } from './edit-kubeconfig.ts';
import { contextsOf, effectiveCurrent, type KnownContext } from './forge-contexts.ts';
import { currentContext, type KubeList, namedValues } from './parse-kubeconfig.ts';
import type { Kubeconfigs } from './read-kubeconfigs.ts';

export interface RemoveResult {
  readonly contexts: readonly KnownContext[];
  readonly users: readonly string[];
  readonly clusters: readonly string[];
  readonly before: string | undefined;
  readonly current: string | undefined;
}

/**
 * Takes contexts of forge's out of all files, and what only they referred to: users that ask forge for tokens, and
 * clusters with the name that forge and the AWS CLI give. Pure.
 */
export function planRemove(
  { files }: Pick<Kubeconfigs, 'files'>,
  wanted: (context: KnownContext) => boolean,
): KubeChange<RemoveResult> {
  const all = files.flatMap(contextsOf);
  const gone = new Set(all.filter((context) => context.forge !== undefined && wanted(context)));
  const left = all.filter((context) => !gone.has(context));
  const alone = (key: 'user' | 'cluster') => {
    const kept = new Set(left.map((context) => context[key]));
    return new Set([...gone].map((context) => context[key]).filter((name) => !kept.has(name)));
  };
  const [users, clusters] = [alone('user'), alone('cluster')];
  const edits = new Map<string, KubeEdit[]>();
  const removed = { users: new Set<string>(), clusters: new Set<string>() };
  for (const file of files) {
    const own: KubeEdit[] = [];
    const remove = (list: KubeList, name: string) => own.push({ kind: 'remove', list, name });
    for (const context of gone) if (context.file === file.path) remove('contexts', context.name);
    for (const { name, value } of namedValues(file, 'users')) {
      if (!users.has(name) || !asksForge(value)) continue;
      remove('users', name);
      removed.users.add(name);
    }
    for (const { name } of namedValues(file, 'clusters')) {
      if (!clusters.has(name) || !/^arn:aws[\w-]*:eks:/.test(name)) continue;
      remove('clusters', name);
      removed.clusters.add(name);
    }
    const current = currentContext(file);
    if (current !== undefined && isGone(current, gone, left)) own.push({ kind: 'current', name: '' });
    if (own.length > 0) edits.set(file.path, own);
  }
  const stays = (name: string | undefined) => name !== undefined && !isGone(name, gone, left);
  const result: RemoveResult = {
    contexts: [...gone],
    users: [...removed.users],
    clusters: [...removed.clusters],
    before: effectiveCurrent(files),
    current: files.map(currentContext).find(stays),
  };
  return { edits, result };
}

/** The same name may be in another file, where it is not forge's. */
function isGone(name: string, gone: ReadonlySet<KnownContext>, left: readonly KnownContext[]): boolean {
  const named = (context: KnownContext) => context.name === name;
  return [...gone].some(named) && !left.some(named);
}

/** A person may have pointed a context of forge's at a user of their own. */
function asksForge(user: JsonObject): boolean {
  const args = asJsonObject(user.exec)?.args;
  if (!Array.isArray(args)) return false;
  return args.some((word, index) => word === 'kube' && args[index + 1] === 'token');
}
