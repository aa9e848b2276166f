import { ForgeError } from '../../errors.ts';
import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import type { KubeChange } from './change-kubeconfigs.ts';
import type { KubeEdit } from './edit-kubeconfig.ts';
import { effectiveCurrent, type KnownContext, knownContexts } from './forge-contexts.ts';
import { clusterValue, contextValue, extensionName, type KubeEntry, userValue } from './kube-entry.ts';
import { type KubeList, namedValues } from './parse-kubeconfig.ts';
import type { Kubeconfigs } from './read-kubeconfigs.ts';

export interface UsedContext {
  readonly entry: KubeEntry;
  /** What it is named in the end. */
  readonly name: string;
  /** Path of the kubeconfig that has it. */
  readonly file: string;
  readonly existed: boolean;
}

export interface UseResult {
  readonly contexts: readonly UsedContext[];
  readonly before: string | undefined;
  readonly current: string | undefined;
}

/**
 * Puts entries where kubectl would: in the file that has the name already, else in the standard one. A context of
 * another role, or not forge's, keeps its name; the new one is then `<name>@<role>`. `explicit`: the name is what the
 * person said, so there is no other. Pure. Throws usage CONTEXT_TAKEN.
 */
export function planUse(
  configs: Kubeconfigs,
  entries: readonly KubeEntry[],
  options: { readonly makeCurrent: boolean; readonly explicit: boolean },
): KubeChange<UseResult> {
  const { files, standard } = configs;
  const edits = new Map<string, KubeEdit[]>();
  const add = (path: string, edit: KubeEdit) => edits.set(path, [...(edits.get(path) ?? []), edit]);
  const places = entryPlaces(configs);
  const known = new Map(knownContexts(files));
  const contexts: UsedContext[] = [];
  for (const entry of entries) {
    const name = chooseName(known, entry, options.explicit);
    const old = known.get(name);
    for (const [list, key, value] of [
      ['clusters', entry.cluster.name, clusterValue(entry)],
      ['users', entry.user.name, userValue(entry)],
      ['contexts', name, contextValue(entry)],
    ] as const) {
      const place = places.get(`${list} ${key}`);
      const path = place?.path ?? standard.path;
      // Two roles on one cluster say its address once.
      if (edits.get(path)?.some((edit) => edit.kind === 'set' && edit.list === list && edit.name === key))
        continue;
      add(path, { kind: 'set', list, name: key, value: withOld(list, plainJson(value), place?.value) });
      if (list === 'contexts') contexts.push({ entry, name, file: path, existed: old !== undefined });
    }
    known.set(name, { ...contextOf(entry, name), file: standard.path });
  }
  const before = effectiveCurrent(files);
  const [first] = contexts;
  const current = options.makeCurrent && first !== undefined ? first.name : before;
  if (current !== before && current !== undefined) add(standard.path, { kind: 'current', name: current });
  return { edits: standardLast(edits, standard.path), result: { contexts, before, current } };
}

/** A context of forge's with the same user, or one whose cluster moved; else the name with the role. */
function chooseName(known: ReadonlyMap<string, KnownContext>, entry: KubeEntry, explicit: boolean): string {
  const { name, extension } = entry.context;
  const fits = (old: KnownContext | undefined) =>
    old === undefined ||
    old.user === entry.user.name ||
    (old.forge !== undefined &&
      (explicit || (old.forge.role === extension.role && old.forge.environment === extension.environment)));
  if (fits(known.get(name))) return name;
  const longer = `${name}@${extension.role ?? 'forge'}`;
  if (!explicit && fits(known.get(longer))) return longer;
  throw new ForgeError('usage', `There is a context ${JSON.stringify(name)} that forge did not write.`, {
    code: 'CONTEXT_TAKEN',
    hint: 'Choose another name: --context <name>',
  });
}

function contextOf(entry: KubeEntry, name: string): Omit<KnownContext, 'file'> {
  const { namespace, extension } = entry.context;
  return { name, cluster: entry.cluster.name, user: entry.user.name, namespace, forge: extension };
}

type Place = { readonly path: string; readonly value: JsonObject };

/** Where each name is: the first file that has it is the one that counts. */
function entryPlaces({ files }: Kubeconfigs): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const file of files) {
    for (const list of ['clusters', 'users', 'contexts'] as const) {
      for (const { name, value } of namedValues(file, list)) {
        const key = `${list} ${name}`;
        if (!places.has(key)) places.set(key, { path: file.path, value });
      }
    }
  }
  return places;
}

/** How kubectl reads that nothing is said, of what it would believe instead of the authority, or refuse beside it. */
const unsaid = { 'insecure-skip-tls-verify': false, 'tls-server-name': '', 'certificate-authority': '' };

/** What others added to an entry of forge's stays: variables for the plugin, extensions. */
function withOld(list: KubeList, value: JsonObject, old: JsonObject | undefined): JsonObject {
  if (old === undefined) return value;
  if (list === 'clusters') {
    const contrary = Object.entries(unsaid).filter(([key]) => old[key] !== undefined && !(key in value));
    return { ...value, ...Object.fromEntries(contrary) };
  }
  if (list === 'users') {
    const { env, ...exec } = asJsonObject(value.exec) ?? {};
    const kept = asJsonObject(old.exec)?.env;
    return { ...value, exec: Array.isArray(kept) && kept.length > 0 ? exec : { ...exec, env } };
  }
  const { extensions } = old;
  if (!Array.isArray(extensions)) return value;
  const [own] = value.extensions as readonly JsonObject[];
  const mine = (item: unknown) => asJsonObject(item)?.name === extensionName;
  const kept = extensions.map((item: unknown) => (mine(item) ? own : item));
  return { ...value, extensions: extensions.some(mine) ? kept : [...kept, own] };
}

/** Without what is undefined, as a file would give it back. */
function plainJson(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/** What refers is written after what it refers to, wherever forge is stopped. */
function standardLast(
  edits: ReadonlyMap<string, readonly KubeEdit[]>,
  standard: string,
): ReadonlyMap<string, readonly KubeEdit[]> {
  const own = edits.get(standard);
  const others = [...edits].filter(([path]) => path !== standard);
  return new Map(own === undefined ? others : [...others, [standard, own]]);
}
