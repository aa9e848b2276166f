import { describe, expect, it, onTestFinished } from 'vitest';
import { entries } from '../src/command-tree.ts';
import { main } from '../src/main.ts';
import { createTestHost } from './support/test-host.ts';

/** What a newcomer sees when all help texts lie side by side: the same thing said the same way. */
const commands = await Promise.all(
  entries.map(async ({ path, load }) => ({ path, definition: (await load()).default })),
);

async function help(path: string, columns?: number): Promise<readonly string[]> {
  const host = createTestHost();
  onTestFinished(() => host.dispose());
  if (columns !== undefined) Object.assign(host.stdout, { columns });
  expect(await main([...path.split(' '), '--help'], host)).toBe(0);
  return host.out().split('\n');
}

describe.each(commands)('forge $path --help', ({ path, definition }) => {
  it('begins with what the command does: "Prints …", "Opens …"', () => {
    expect(definition.description).toMatch(/^(Says|[A-Z][a-z]+s) [^\n]*\.$/);
  });

  it('has examples that can be typed, each with its effect', () => {
    expect(definition.examples.length).toBeGreaterThan(0);
    expect(definition.examples.some(([line]) => line.includes(`forge ${path.split(' ')[0]}`))).toBe(true);
    for (const [, effect] of definition.examples) expect(effect).not.toBe('');
  });

  it('keeps to 100 columns, and to fewer where the terminal has fewer', async () => {
    const examples = new Set(definition.examples.flat());
    const tooLong = (lines: readonly string[], width: number) =>
      lines.filter((line) => line.length > width && line.includes(' ') && !examples.has(line.trim()));
    expect(tooLong(await help(path), 100)).toEqual([]);
    // The list of options keeps its two columns; what is prose must fit.
    const prose = (await help(path, 60)).filter((line) => !line.startsWith(' ') && !line.includes('Usage'));
    expect(tooLong(prose, 60)).toEqual([]);
  });
});

it('says the same of the same option in every command', () => {
  // Where the thing is another one, so are the words.
  const differs = new Set([
    '--all',
    '--environment',
    '--file',
    '--output',
    '--port',
    '--print',
    '--reason',
    '--user',
    '--write',
  ]);
  const said = new Map<string, Map<string, string[]>>();
  for (const { path, definition } of commands) {
    for (const { flags, description } of definition.options ?? []) {
      const name = /--[a-z-]+/.exec(flags)?.[0] ?? flags;
      if (differs.has(name)) continue;
      const texts = said.get(name) ?? new Map<string, string[]>();
      const text = `${flags.replace(/^-\w, /, '')}: ${description.replace(/ \(default: .*\)$/, '')}`;
      texts.set(text, [...(texts.get(text) ?? []), path]);
      said.set(name, texts);
    }
  }
  expect([...said.values()].filter((texts) => texts.size > 1)).toEqual([]);
});
