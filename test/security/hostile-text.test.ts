import { PassThrough } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { ForgeError } from '../../src/errors.ts';
import { escapeJson } from '../../src/lib/escape-for-terminal.ts';
import { createOutput, renderError } from '../../src/terminal/output.ts';
import { createPrompt } from '../../src/terminal/prompt.ts';
import { styleFor } from '../../src/terminal/style.ts';
import { createTestHost, type TestHost } from '../support/test-host.ts';

/** Text of servers, files and other people that would act on a terminal: clipboard, colours, order of letters. */
let host: TestHost;
afterEach(() => host.dispose());

const payloads = [
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b[2J\u001b[H',
  '\u009b31m',
  '\u009d0;title\u009c',
  '\u202eevil\u202c',
  '\u2066x\u2069',
  '\u200b',
  '\u{e0041}',
  '\u007f',
];
/** What inquirer and colours write themselves is CSI; none of the payloads may be in it as it was. */
const holds = (text: string) => payloads.filter((payload) => text.includes(payload));

it('JSON results are the same data, and nothing in them acts on a terminal', () => {
  host = createTestHost({ tty: true });
  const data = { accounts: payloads.map((name) => ({ name })) };
  createOutput(host, { format: 'json', quiet: false, debug: false }).result({ data, text: () => '' });
  expect(JSON.parse(host.out())).toEqual(data);
  expect(holds(host.out())).toEqual([]);
});

it('errors as JSON are the same', () => {
  host = createTestHost({ tty: true });
  const message = payloads.join(' ');
  const error = new ForgeError('failed', message, { code: 'X', hint: message });
  const text = renderError(error, 'json', styleFor(host.stderr, host.env));
  expect(JSON.parse(text).error.message).toBe(message);
  expect(holds(text)).toEqual([]);
});

it("a json value of a server that does not keep to JSON can't reach the terminal either", () => {
  expect(holds(escapeJson(`{"a":"${payloads.join('')}"}`))).toEqual([]);
});

it.each(['text', 'secret', 'confirm', 'select'] as const)(
  'a question (%s) shows foreign text escaped',
  async (kind) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin });
    host = createTestHost({ tty: true, stdin: stdin as never });
    const prompt = createPrompt(host, { input: true });
    const message = `the portal says: ${payloads.join(' ')}`;
    const question = { message, flag: '--flag' };
    const choices = payloads.map((name, value) => ({ name, value, description: name }));
    const asked: Promise<unknown> =
      kind === 'select' ? prompt.select({ ...question, choices }) : prompt[kind](question);
    asked.catch(() => {});
    while (!host.err().includes('the portal says')) await new Promise((resolve) => setTimeout(resolve, 5));
    stdin.write('\r');
    await asked;
    expect(holds(host.err())).toEqual([]);
  },
);
