import { afterEach, expect, it } from 'vitest';
import { main } from '../../src/main.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

let host: TestHost;
afterEach(() => host.dispose());

it.each(['--inspect', '"--inspect=0"', '--max-old-space-size=99 "--inspect-brk"', '--inspect_brk'])(
  'refuses to run under NODE_OPTIONS=%s: every local user could read the tokens out of it',
  async (options) => {
    host = createTestHost();
    const poisoned = { ...host, env: { ...host.env, NODE_OPTIONS: options } };
    expect(await main(['config', 'path'], poisoned)).toBe(2);
    expect(host.err()).toContain('NODE_OPTIONS');
  },
);
