import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle-script.ts';
import { keys, openTerminal, type Terminal } from '../support/pty.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** In a real terminal: the worker says "ready", waits for a line of its parent's clock, and asks. */
let host: TestHost;
let worker: string;
beforeAll(async () => {
  host = createTestHost();
  worker = await bundleScript(join(import.meta.dirname, 'prompt-worker.ts'), host.directories.home);
});
afterAll(() => host.dispose());

function ask(): Terminal {
  return openTerminal(process.execPath, [worker], { env: { PATH: process.env.PATH, NO_COLOR: '1' } });
}

describe('a yes-or-no question', () => {
  it.each(['n\r', '\r', 'n', '\r\r\rn\r'])('is not answered by %j typed before it', async (typed) => {
    using terminal = ask();
    await terminal.waitFor(/ready/);
    terminal.write(typed);
    await terminal.waitFor(/Sign in now\?/);
    terminal.write(`y${keys.enter}`);
    await terminal.waitFor(/answer: true/);
    expect(await terminal.exit).toBe(0);
  });

  it('is answered by what is typed at it', async () => {
    using terminal = ask();
    await terminal.waitFor(/Sign in now\?/);
    terminal.write(`n${keys.enter}`);
    await terminal.waitFor(/answer: false/);
  });
});
