import { at, type Json, type KubernetesObject, textsAt } from './json.ts';
import type { Resource } from './resource.ts';
import { badRequest } from './status.ts';

export type Selector = (object: KubernetesObject) => boolean;

const labelKey = /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/;

/**
 * A label selector as the API takes it: `app=web,tier!=db,env in (dev, qa),!canary,owner`. Throws ApiFailure for
 * what is none.
 */
export function parseLabelSelector(text: string): Selector {
  const tests = splitTerms(text).map(parseLabelTerm);
  return (object) => {
    const labels = textsAt(object, 'metadata', 'labels');
    return tests.every((test) => test(labels));
  };
}

type LabelTest = (labels: ReadonlyMap<string, string>) => boolean;

function parseLabelTerm(term: string): LabelTest {
  const wrong = () => badRequest(`unable to parse requirement: found '${term}', expected: a label selector`);
  const check = (key: string, values: readonly string[]) => {
    if (!labelKey.test(key) || key.length > 317) throw wrong();
    if (values.some((value) => !labelValue.test(value) || value.length > 63)) throw wrong();
  };
  const inSet = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(term);
  if (inSet !== null) {
    const [, key = '', operator, list = ''] = inSet;
    const values = list.split(',').map((value) => value.trim());
    check(key, values);
    return (labels) => values.includes(labels.get(key) ?? '\0') === (operator === 'in');
  }
  const equality = /^([^!=\s]+)\s*(==|=|!=)\s*([^!=\s]*)$/.exec(term);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    check(key, [value]);
    return (labels) => (labels.get(key) === value) === (operator !== '!=');
  }
  const absent = term.startsWith('!');
  const key = (absent ? term.slice(1) : term).trim();
  check(key, []);
  return (labels) => labels.has(key) !== absent;
}

/** Fields that selectors may name beside metadata.name and metadata.namespace. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase'],
  secrets: ['type'],
};

/** `spec.nodeName=ip-10-0-0-4,status.phase!=Failed`. Throws ApiFailure for what is none or names another field. */
export function parseFieldSelector(text: string, resource: Resource): Selector {
  const allowed = ['metadata.name', 'metadata.namespace', ...(selectable[resource.name] ?? [])];
  const tests = splitTerms(text).map((term) => {
    const match = /^([^!=]+?)\s*(==|=|!=)\s*((?:\\[\\,=]|[^\\,=])*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, escaped = ''] = match;
    if (!allowed.includes(field)) {
      throw badRequest(
        `Unable to find "${resource.version}, Resource=${resource.name}" that match label selector "", field selector "${text}": field label not supported: ${field}`,
      );
    }
    const value = escaped.replace(/\\([\\,=])/g, '$1');
    return (object: KubernetesObject) =>
      (fieldText(at(object, ...field.split('.'))) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

const fieldText = (value: Json | undefined): string =>
  typeof value === 'string'
    ? value
    : typeof value === 'boolean' || typeof value === 'number'
      ? `${value}`
      : '';

/** At commas outside parentheses and not after a backslash. Empty terms are no terms. */
function splitTerms(text: string): readonly string[] {
  const terms: string[] = [''];
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    if (character === '(') depth++;
    else if (character === ')') depth--;
    if (character === ',' && depth === 0) terms.push('');
    else if (character === '\\') terms.push(`${terms.pop()}${character}${text[++index] ?? ''}`);
    else terms.push(`${terms.pop()}${character}`);
  }
  return terms.map((term) => term.trim()).filter((term) => term !== '');
}
