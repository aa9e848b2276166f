import { asJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { extensionName } from './kube-entry.ts';
import { currentContext, type Kubeconfig, namedValues } from './parse-kubeconfig.ts';

/** A context that some kubeconfig has. */
export interface KnownContext {
  readonly name: string;
  /** Path of the kubeconfig. */
  readonly file: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string | undefined;
  /** Undefined: not forge's. */
  readonly forge: ContextMark | undefined;
}

/** What forge noted at a context. */
export interface ContextMark {
  readonly environment: string | undefined;
  readonly production: boolean;
  readonly role: string | undefined;
}

/** All contexts that kubectl would know: of a name that is in two files, the first. */
export function knownContexts(
  files: readonly Pick<Kubeconfig, 'path' | 'data'>[],
): ReadonlyMap<string, KnownContext> {
  const found = new Map<string, KnownContext>();
  for (const file of files) {
    for (const context of contextsOf(file)) if (!found.has(context.name)) found.set(context.name, context);
  }
  return found;
}

export function contextsOf(file: Pick<Kubeconfig, 'path' | 'data'>): readonly KnownContext[] {
  return namedValues(file, 'contexts').map(({ name, value }) => ({
    name,
    file: file.path,
    cluster: textOf(value.cluster) ?? '',
    user: textOf(value.user) ?? '',
    namespace: textOf(value.namespace),
    forge: markOf(value),
  }));
}

/** The first file that says one is right. */
export function effectiveCurrent(files: readonly Pick<Kubeconfig, 'data'>[]): string | undefined {
  return files.map(currentContext).find((name) => name !== undefined);
}

function markOf(context: JsonObject): ContextMark | undefined {
  const { extensions } = context;
  if (!Array.isArray(extensions)) return undefined;
  const own = extensions.map(asJsonObject).find((item) => item?.name === extensionName);
  const mark = asJsonObject(own?.extension);
  if (mark === undefined) return undefined;
  return {
    environment: textOf(mark.environment),
    production: mark.production === true,
    role: textOf(mark.role),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
