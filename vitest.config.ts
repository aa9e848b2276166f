import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Real servers and processes, on machines that may be busy: a hang is what these find, not slowness.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On a machine that builds beside, a key pressed in a terminal can come a moment early: twice more, and it is reported.
    retry: process.env.CI ? 2 : 0,
    // Each file may run a PostgreSQL and a browser.
    maxWorkers: 2,
    // A sandbox in a worker must end with it: processes can be killed, threads can't.
    pool: 'forks',
  },
});
