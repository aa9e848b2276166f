import { mkdirSync, writeFileSync } from 'node:fs';
import { configJsonSchema } from './config-json-schema.ts';

/** Writes schema/forge.schema.json. Run from the repository: node scripts/run.mjs scripts/generate-schema.ts */
mkdirSync('schema', { recursive: true });
writeFileSync('schema/forge.schema.json', configJsonSchema());
