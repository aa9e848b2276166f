import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../scripts/config-json-schema.ts';
import { judgeChain } from '../../src/config/read-config.ts';
import { readYaml } from '../../src/config/read-yaml.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function* schemasIn(value: unknown): Generator<JsonSchema> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as JsonSchema;
  for (const inner of Object.values(value)) yield* schemasIn(inner);
}

describe('schema/forge.schema.json', () => {
  const text = configJsonSchema();
  const schema = JSON.parse(text);

  it('is made from the definition that forge validates with (else: node scripts/run.mjs scripts/generate-schema.ts)', () => {
    expect(read('schema/forge.schema.json')).toBe(text);
  });

  it('describes every key, and its patterns work in editors (Unicode mode)', () => {
    let keys = 0;
    for (const part of schemasIn(schema.else)) {
      for (const [key, property] of Object.entries(part.properties ?? {})) {
        if (typeof property !== 'object') continue;
        keys++;
        expect(property.description, key).toEqual(expect.any(String));
      }
      if (typeof part.pattern === 'string')
        expect(() => new RegExp(part.pattern as string, 'u')).not.toThrow();
    }
    expect(keys).toBeGreaterThan(80);
  });

  it('a file that extends another one needs nothing; any other needs what forge needs', () => {
    expect(JSON.stringify(schema.then)).not.toContain('"required"');
    expect(schema.else.properties.environments.anyOf[0].additionalProperties.required).toEqual([
      'account',
      'region',
    ]);
  });
});

describe('docs/configuration.md', () => {
  const text = read('docs/configuration.md');
  const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');

  it.each(blocks.map((block, index) => [index + 1, block] as const))('example %i is valid', (_, block) => {
    const source = { path: '/forge.yaml', text: block };
    const reading = readYaml(source);
    expect(reading.problems).toEqual([]);
    // What extends a file is a part: the keys that it needs are in the other one.
    const partly = block.startsWith('extends:');
    const { problems } = judgeChain({
      sources: [source],
      trees: reading.tree ? [reading.tree] : [],
      problems: [],
    });
    expect(problems.filter(({ message }) => !(partly && / needs "/.test(message)))).toEqual([]);
  });

  it('there are examples', () => expect(blocks.length).toBeGreaterThan(5));

  it('names every key, in a table and in an example', () => {
    const { else: whole } = JSON.parse(configJsonSchema());
    for (const part of schemasIn(whole)) {
      for (const [key, property] of Object.entries(part.properties ?? {})) {
        if (typeof property !== 'object') continue;
        expect(text, `${key} in backticks`).toContain(`\`${key}\``);
        const shown = new RegExp(`(^|[\\s{-])${key}:`, 'm');
        if (!['id', 'document', 'instance'].includes(key))
          expect(
            blocks.some((block) => shown.test(block)),
            `${key} in an example`,
          ).toBe(true);
      }
    }
  });
});
