import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PluginEnding, PluginOutput } from '../../src/ssm/plugin-output.ts';

const id = 'dana@example.com-0123456789abcdef0';
const greeting = `\nStarting session with SessionId: ${id}\n`;
const farewell = `\n\nExiting session with sessionId: ${id}.\n\n`;

async function filter(chunks: readonly Uint8Array[]): Promise<PluginEnding & { readonly out: Buffer }> {
  const written: Buffer[] = [];
  const output = new PluginOutput(id, async (bytes) => void written.push(Buffer.from(bytes)));
  for (const chunk of chunks) await output.push(Buffer.from(chunk));
  return { ...(await output.end()), out: Buffer.concat(written) };
}

const asText = async (...texts: string[]) => {
  const { out, ...ending } = await filter(texts.map((text) => Buffer.from(text)));
  return { out: out.toString(), ...ending };
};

describe("the plugin's own words around a command", () => {
  it('are taken away, wherever its pipe is cut, and no byte of the command', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 9_000 }),
        fc.nat(255),
        fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 20 }),
        async (bytes, code, sizes) => {
          const whole = Buffer.concat([
            Buffer.from(greeting),
            bytes,
            Buffer.from(`EXIT_CODE: ${code}`),
            Buffer.from(farewell),
          ]);
          const chunks: Buffer[] = [];
          let rest = whole;
          for (const size of sizes) {
            chunks.push(rest.subarray(0, size));
            rest = rest.subarray(size);
          }
          const { out, exitCode, said } = await filter([...chunks, rest]);
          expect(out.equals(Buffer.from(bytes))).toBe(true);
          expect([exitCode, said]).toEqual([code, '']);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a command that prints the same words keeps its own', async () => {
    const own = `${greeting}EXIT_CODE: 1${farewell}`;
    expect(await asText(greeting, own, 'EXIT_CODE: 0', farewell)).toEqual({
      out: own,
      exitCode: 0,
      said: '',
    });
  });

  it('says why the service ended it', async () => {
    const end = `\n\nSessionId: ${id} : Your session timed out due to inactivity.\n\n`;
    expect(await asText(greeting, 'a\n', end)).toEqual({
      out: 'a\n',
      exitCode: undefined,
      said: 'Your session timed out due to inactivity.',
    });
  });

  it('what is not as expected is passed on', async () => {
    expect(await asText('Cannot perform start session: EOF\n')).toEqual({
      out: 'Cannot perform start session: EOF\n',
      exitCode: undefined,
      said: '',
    });
    expect(await asText('\nStart')).toMatchObject({ out: '\nStart' });
    expect(await asText()).toEqual({ out: '', exitCode: undefined, said: '' });
  });

  it('passes on what is long before the end', async () => {
    let written = 0;
    const output = new PluginOutput(id, async (bytes) => {
      written += bytes.length;
    });
    await output.push(Buffer.from(greeting));
    for (let index = 0; index < 100; index++) await output.push(Buffer.alloc(1_000));
    expect(written).toBeGreaterThan(95_000);
  });
});
