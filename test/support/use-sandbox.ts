import { afterAll, beforeAll } from 'vitest';
import { startEcho, type TcpTarget } from '../ssm/tcp-target.ts';
import { startTestSandbox, type TestSandbox } from './sandbox.ts';

/** A sandbox with Dana signed in, for all tests of the file; ended after them. `ready` gets it before the first. */
export function useSandbox(ready: (sandbox: TestSandbox) => void | Promise<void>): void {
  let sandbox: TestSandbox | undefined;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    await sandbox.signIn();
    await ready(sandbox);
  }, 120_000);
  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]();
  });
}

/** The same, with a server that says what it hears at each of these places, whatever instance looks there. */
export function useEcho(
  places: readonly (readonly [host: string, port: number])[],
  ready: (sandbox: TestSandbox, echo: TcpTarget) => void | Promise<void>,
): void {
  let echo: TcpTarget | undefined;
  // Ended last: connections of the sandbox lead to it.
  afterAll(async () => {
    await echo?.[Symbol.asyncDispose]();
  });
  useSandbox(async (sandbox) => {
    echo = await startEcho();
    for (const [host, port] of places) {
      sandbox.world.ssm.network.register({ instance: undefined, host, port, localPort: echo.port });
    }
    await ready(sandbox, echo);
  });
}
