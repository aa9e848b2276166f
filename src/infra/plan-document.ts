import * as v from 'valibot';
import { ForgeError } from '../errors.ts';

/**
 * `terraform show -json` of a plan or of a state, as far as it is used.
 * Source: https://developer.hashicorp.com/terraform/internals/json-format
 */
export interface PlanResource {
  /** `module.access.aws_iam_role.handler["recorder"]` */
  readonly address: string;
  /** `module.access`; empty for the root. */
  readonly module: string;
  readonly type: string;
  readonly name: string;
  /** Key of `for_each`, number of `count`. */
  readonly index: string | number | undefined;
  /** What is known: an attribute that AWS tells only afterwards is missing here. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface PlanDeletion {
  readonly address: string;
  readonly type: string;
  /** What it was. */
  readonly before: Readonly<Record<string, unknown>>;
}

/** What a resource's attribute is written from: `aws_iam_role.handler`, `each.key`, … */
export type References = (module: string, type: string, name: string, attribute: string) => readonly string[];

export interface PlanDocument {
  readonly kind: 'plan' | 'state';
  readonly resources: readonly PlanResource[];
  /** What the plan takes away, to make it anew or for good. A state takes nothing. */
  readonly deletions: readonly PlanDeletion[];
  /** Of the root module; undefined values are not known yet. */
  readonly outputs: ReadonlyMap<string, unknown>;
  readonly references: References;
}

const text = v.string();
const fields = v.record(text, v.unknown());

const resourceSchema = v.object({
  address: text,
  mode: text,
  type: text,
  name: text,
  index: v.optional(v.union([text, v.number()])),
  values: v.optional(v.nullable(fields)),
});

interface ModuleValues {
  readonly address?: string | undefined;
  readonly resources?: readonly v.InferOutput<typeof resourceSchema>[] | undefined;
  readonly child_modules?: readonly ModuleValues[] | undefined;
}
const moduleSchema: v.GenericSchema<unknown, ModuleValues> = v.object({
  address: v.optional(text),
  resources: v.optional(v.array(resourceSchema)),
  child_modules: v.optional(v.array(v.lazy(() => moduleSchema))),
});

const valuesSchema = v.object({
  outputs: v.optional(v.record(text, v.object({ value: v.optional(v.unknown()) }))),
  root_module: v.optional(moduleSchema),
});

interface ConfiguredModule {
  readonly resources?:
    | readonly { type: string; name: string; expressions?: Readonly<Record<string, unknown>> | undefined }[]
    | undefined;
  readonly module_calls?:
    | Readonly<Record<string, { readonly module?: ConfiguredModule | undefined }>>
    | undefined;
}
const configuredSchema: v.GenericSchema<unknown, ConfiguredModule> = v.object({
  resources: v.optional(v.array(v.object({ type: text, name: text, expressions: v.optional(fields) }))),
  module_calls: v.optional(v.record(text, v.object({ module: v.optional(v.lazy(() => configuredSchema)) }))),
});

const changeSchema = v.object({
  address: text,
  type: text,
  change: v.object({ actions: v.array(text), before: v.optional(v.nullable(fields)) }),
});

const documentSchema = v.object({
  format_version: text,
  errored: v.optional(v.boolean()),
  complete: v.optional(v.boolean()),
  planned_values: v.optional(valuesSchema),
  values: v.optional(valuesSchema),
  resource_changes: v.optional(v.array(changeSchema)),
  configuration: v.optional(v.object({ root_module: v.optional(configuredSchema) })),
});

const howTo =
  'terraform plan -out plan && terraform show -json plan > plan.json && forge infra check plan.json';

/** Throws a ForgeError of kind usage for what is no finished plan and no state. */
export function parsePlanDocument(json: string, from: string): PlanDocument {
  let value: unknown;
  try {
    // PowerShell's `>` puts a byte order mark first.
    value = JSON.parse(json.replace(/^\uFEFF/, ''));
  } catch {
    throw refusal(`${from} is not JSON.`, 'PLAN_NOT_JSON');
  }
  const read = v.safeParse(documentSchema, value, { abortEarly: true });
  if (!read.success) {
    const [issue] = read.issues;
    const where = v.getDotPath(issue);
    throw refusal(
      `${from} is not what terraform show -json prints${where === null ? '' : ` (${where})`}.`,
      'PLAN_UNREADABLE',
    );
  }
  const document = read.output;
  if (!/^1\./.test(document.format_version)) {
    throw refusal(
      `${from} has the format version ${document.format_version}; forge reads 1.x.`,
      'PLAN_VERSION',
      'A newer forge may read it: npm install -g @tapp/forge',
    );
  }
  const { planned_values: planned, values: state } = document;
  if (document.errored === true) {
    throw refusal(`The plan in ${from} failed: terraform ended it with an error.`, 'PLAN_FAILED');
  }
  if (planned !== undefined && document.complete === false) {
    throw refusal(
      `The plan in ${from} is not complete: terraform put off a part of it.`,
      'PLAN_INCOMPLETE',
      'Plan without -target and without deferred actions.',
    );
  }
  const found = planned ?? state;
  if (found?.root_module === undefined)
    throw refusal(`${from} holds neither a plan nor a state.`, 'PLAN_EMPTY');
  return {
    kind: planned === undefined ? 'state' : 'plan',
    resources: resourcesOf(found.root_module),
    deletions: (planned === undefined ? [] : (document.resource_changes ?? [])).flatMap(
      ({ address, type, change }) =>
        change.actions.includes('delete') ? [{ address, type, before: change.before ?? {} }] : [],
    ),
    outputs: new Map(Object.entries(found.outputs ?? {}).map(([name, output]) => [name, output.value])),
    references: referencesOf(document.configuration?.root_module),
  };
}

function resourcesOf(module: ModuleValues): PlanResource[] {
  const own = (module.resources ?? []).flatMap((resource) =>
    resource.mode !== 'managed'
      ? []
      : [
          {
            address: resource.address,
            module: module.address ?? '',
            type: resource.type,
            name: resource.name,
            index: resource.index,
            values: resource.values ?? {},
          },
        ],
  );
  return [...own, ...(module.child_modules ?? []).flatMap(resourcesOf)];
}

function referencesOf(root: ConfiguredModule | undefined): References {
  const byPlace = new Map<string, readonly string[]>();
  const visit = (module: ConfiguredModule, path: string) => {
    for (const { type, name, expressions } of module.resources ?? []) {
      for (const [attribute, expression] of Object.entries(expressions ?? {})) {
        byPlace.set([path, type, name, attribute].join(' '), namesIn(expression));
      }
    }
    for (const [name, call] of Object.entries(module.module_calls ?? {})) {
      if (call.module) visit(call.module, path === '' ? name : `${path}.${name}`);
    }
  };
  if (root) visit(root, '');
  return (module, type, name, attribute) =>
    byPlace.get([configuredPath(module), type, name, attribute].join(' ')) ?? [];
}

/** `module.production["x.y"].module.inner` → `production.inner`: configuration knows no instances. */
const configuredPath = (module: string): string =>
  module
    .replace(/\["(?:[^"\\]|\\.)*"\]|\[\d+\]/g, '')
    .split('.')
    .filter((_, index) => index % 2 === 1)
    .join('.');

function namesIn(expression: unknown): readonly string[] {
  if (Array.isArray(expression)) return expression.flatMap(namesIn);
  if (typeof expression !== 'object' || expression === null) return [];
  const { references } = expression as { readonly references?: unknown };
  if (Array.isArray(references)) return references.filter((entry) => typeof entry === 'string');
  return Object.values(expression).flatMap(namesIn);
}

function refusal(message: string, code: string, hint = howTo): ForgeError {
  return new ForgeError('usage', message, { code, hint });
}
