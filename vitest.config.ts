import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Real servers and processes, on machines that may be busy: a hang is what these find, not slowness.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file may run a PostgreSQL and a browser.
    maxWorkers: 2,
    // A sandbox in a worker must end with it: processes can be killed, threads can't.
    pool: 'forks',
  },
});
