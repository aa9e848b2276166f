import { toJsonSchema } from '@valibot/to-json-schema';
import { configSchema } from '../src/config/config-schema.ts';

/** The JSON Schema of forge.yaml, for editors: made from the definition that forge itself validates with. */
export function configJsonSchema(): string {
  // Checks that only code can express (the bounds of a duration) are left to forge.
  const schema = toJsonSchema(configSchema, { typeMode: 'input', ignoreActions: ['check'] });
  const { $schema, ...rest } = schema;
  return `${JSON.stringify({ $schema, title: 'forge.yaml', ...rest }, null, 2)}\n`;
}
