import { ForgeError } from '../errors.ts';

export interface ForgeOutput {
  /** A piece of forge.yaml, as JSON has it. Not yet judged. */
  readonly value: unknown;
  /** Of a plan: nothing of it needs to be there yet. */
  readonly planned: boolean;
}

/**
 * The output `forge` in what Terraform prints: `output -json` (also of that one output), `show -json` of a state or of a
 * plan. https://developer.hashicorp.com/terraform/internals/json-format
 * @throws usage: TERRAFORM_OUTPUT
 */
export function readForgeOutput(text: string, source: string): ForgeOutput {
  const document = parse(text, source);
  if ('format_version' in document) {
    const planned = isObject(document.planned_values);
    const values = planned ? document.planned_values : document.values;
    return { value: valueIn(isObject(values) ? values.outputs : undefined, source), planned };
  }
  if ('break_glass' in document) return { value: document, planned: false };
  return { value: valueIn(document, source), planned: false };
}

function parse(text: string, source: string): Readonly<Record<string, unknown>> {
  const plain = text.replace(/^\uFEFF/, '');
  if (plain.trim() === '') {
    throw refused(`${source} is empty.`, 'Did Terraform fail? terraform output -json shows what it has.');
  }
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch {
    throw refused(`${source} is not JSON.`, 'Make it with: terraform output -json > outputs.json');
  }
  if (!isObject(value)) {
    throw refused(
      `${source} is no object, as Terraform prints one.`,
      'Make it with: terraform output -json > outputs.json',
    );
  }
  return value;
}

function valueIn(outputs: unknown, source: string): unknown {
  const output = isObject(outputs) && Object.hasOwn(outputs, 'forge') ? outputs.forge : undefined;
  if (!isObject(output)) {
    const names = isObject(outputs) ? Object.keys(outputs).slice(0, 20) : [];
    const there = names.length === 0 ? 'There are no outputs' : `Its outputs: ${names.join(', ')}`;
    throw refused(
      `${source} has no output "forge".`,
      `${there}. The root module of forge infra export has it.`,
    );
  }
  // What Terraform hides may be a secret, and forge.yaml is for everybody to read.
  if (output.sensitive === true) {
    throw refused(
      `The output "forge" of ${source} is sensitive: what is secret has no place in forge.yaml.`,
      'Take what is secret out of it, and "sensitive = true" with it.',
    );
  }
  if (output.value === undefined || output.value === null) {
    throw refused(
      `The output "forge" of ${source} has no value yet.`,
      'Apply first; then: terraform output -json',
    );
  }
  return output.value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refused(message: string, hint: string): ForgeError {
  return new ForgeError('usage', message, { code: 'TERRAFORM_OUTPUT', hint });
}
