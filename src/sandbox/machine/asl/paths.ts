import { asJsonObject, type JsonObject } from '../../../lib/json-object.ts';
import { StateFailure } from './state-failure.ts';

/** What `$` and `$$` are at a state. */
export interface Scope {
  readonly input: unknown;
  readonly context: JsonObject;
}

/** Reference paths: `$`, `$.a.b`, `$$.Execution.Input`. Others are refused. */
export function parsePath(path: string): { readonly ofContext: boolean; readonly names: readonly string[] } {
  const [, root = '', rest = ''] = /^(\$\$?)((?:\.[A-Za-z_]\w*)*)$/.exec(path) ?? [];
  if (root === '') throw new StateFailure('States.Runtime', `The path ${path} is not understood.`);
  return { ofContext: root === '$$', names: rest.split('.').slice(1) };
}

/** What a path leads to; `found` is false where it leads to nothing. */
export function lookUp(path: string, scope: Scope): { readonly found: boolean; readonly value: unknown } {
  const { ofContext, names } = parsePath(path);
  let value: unknown = ofContext ? scope.context : scope.input;
  for (const name of names) {
    const object = asJsonObject(value);
    if (object === undefined || !Object.hasOwn(object, name)) return { found: false, value: undefined };
    value = object[name];
  }
  return { found: true, value };
}

/** What a path leads to; States.Runtime where it leads to nothing, which no Catch catches. */
export function read(path: string, scope: Scope): unknown {
  const { found, value } = lookUp(path, scope);
  if (!found)
    throw new StateFailure('States.Runtime', `The path ${path} leads to nothing in the state's input.`);
  return value;
}

/** A payload template: members whose name ends in `.$` are paths. */
export function fill(template: unknown, scope: Scope): unknown {
  if (Array.isArray(template)) return template.map((entry) => fill(entry, scope));
  const object = asJsonObject(template);
  if (object === undefined) return template;
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), read(String(value), scope)] : [name, fill(value, scope)],
    ),
  );
}

/** The input with `result` put where ResultPath says; `null`: the result is thrown away. */
export function place(path: unknown, input: unknown, result: unknown): unknown {
  if (path === null) return input;
  if (path === undefined || path === '$') return result;
  const { ofContext, names } = parsePath(String(path));
  if (ofContext) throw new StateFailure('States.Runtime', 'A result can not be put into the context.');
  const put = (value: unknown, [name, ...rest]: readonly string[]): unknown =>
    name === undefined ? result : { ...asJsonObject(value), [name]: put(asJsonObject(value)?.[name], rest) };
  return put(input, names);
}
