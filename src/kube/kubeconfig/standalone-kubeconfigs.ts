import type { JsonObject } from '../../lib/json-object.ts';
import { type KubeEntry, standaloneKubeconfig } from './kube-entry.ts';

/** A whole kubeconfig with these entries alone; the first is current if one is to be. */
export function standaloneKubeconfigs(entries: readonly KubeEntry[], makeCurrent: boolean): JsonObject {
  const [first, ...others] = entries.map(standaloneKubeconfig);
  const all = first === undefined ? [] : [first, ...others];
  const joined = (list: 'clusters' | 'users' | 'contexts') => {
    const items = all.flatMap((config) => config[list] as readonly { readonly name: string }[]);
    return [...new Map(items.map((item) => [item.name, item])).values()];
  };
  return {
    apiVersion: 'v1',
    clusters: joined('clusters'),
    contexts: joined('contexts'),
    'current-context': makeCurrent ? (entries[0]?.context.name ?? '') : '',
    kind: 'Config',
    preferences: {},
    users: joined('users'),
  };
}
