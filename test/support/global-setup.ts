import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where this run of the tests builds forge: built-forge.ts. */
    builtForge: string;
  }
}

/**
 * A place for the binary under test, inside node_modules so that it finds packages as an installed forge does,
 * and apart from dist/ so that two runs of the tests don't disturb each other. Building is left to the first test
 * that needs it: most files do not.
 */
export default function setup(project: TestProject): () => void {
  const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', `forge-test-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  project.provide('builtForge', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
