import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Real servers and processes, on machines that may be busy: a hang is what these find, not slowness.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A key pressed in a terminal can come a moment early on a machine that builds beside. Once more, and it is reported: what
    // fails twice is broken, and no test may need it (bars in milliseconds are multiplied by test/support/slowness.ts).
    retry: process.env.CI ? 1 : 0,
    // Each file may run a PostgreSQL and a browser, and waits as much as it works.
    maxWorkers: 3,
    // A sandbox in a worker must end with it: processes can be killed, threads can't.
    pool: 'forks',
  },
});
