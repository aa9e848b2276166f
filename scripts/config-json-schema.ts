import { toJsonSchema } from '@valibot/to-json-schema';
import { configSchema } from '../src/config/config-schema.ts';

/** The JSON Schema of forge.yaml, for editors: made from the definition that forge itself validates with. */
export function configJsonSchema(): string {
  // Checks that only code can express (the bounds of a duration) are left to forge.
  const { $schema, ...whole } = toJsonSchema(configSchema, { typeMode: 'input', ignoreActions: ['check'] });
  // A file that extends another one says only what it changes: nothing in it is required.
  const part = JSON.parse(JSON.stringify(whole, (key, value) => (key === 'required' ? undefined : value)));
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  const schema = { $schema, title: 'forge.yaml', if: { required: ['extends'] }, then: part, else: whole };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
