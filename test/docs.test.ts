import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findEntry } from '../src/find-entry.ts';
import { runCommand } from '../src/run-command.ts';
import { createTestHost } from './support/test-host.ts';

const root = join(import.meta.dirname, '..');
const pages = [...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`), 'infra/README.md'].filter(
  (name) => name.endsWith('.md') && existsSync(join(root, name)),
);
const read = (page: string) => readFileSync(join(root, page), 'utf8');

/** Lines of code blocks that begin with forge, behind whose prompt it is or not. */
function typedLines(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const block = /^ {4}(?:[a-z]*\$ |\w+=\$\()?(forge .*)$/.exec(line)?.[1];
    return block === undefined ? [] : [block];
  });
}

/** As a shell would split it: quotes, no comment, up to a pipe or a redirection. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  for (const [, double, single, plain] of line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    if (plain !== undefined && /^(?:#|[|&;>]|2>)/.test(plain)) break;
    words.push(double ?? single ?? plain?.replace(/[);]+$/, '') ?? '');
  }
  return words.slice(1);
}

/** Parsed as forge parses it, and nothing done. */
async function parse(line: string): Promise<string> {
  const all = wordsOf(line);
  const dashes = all.indexOf('--');
  const words = dashes < 0 ? all : all.slice(0, dashes);
  const [entry, used] = findEntry(words);
  if (entry === undefined) return `no such command: ${line}`;
  const definition = { ...(await entry.load()).default, run: async () => 0 };
  const host = createTestHost();
  onTestFinished(() => host.dispose());
  const rest = dashes < 0 ? undefined : all.slice(dashes + 1);
  const typed = { words: words.slice(used), rest, help: false, below: [] };
  return runCommand(entry.path, definition as never, typed, host).then(
    () => '',
    (error: Error) => `${line}: ${error.message}`,
  );
}

/** As GitHub makes them. */
const anchors = (text: string) =>
  new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

describe.each(pages)('%s', (page) => {
  const text = read(page);

  it('types only what forge understands', async () => {
    const problems = await Promise.all(typedLines(text).map(parse));
    expect(problems.filter((problem) => problem !== '')).toEqual([]);
  });

  it('links to what is there', () => {
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !link.includes('://'))
      .filter((link) => {
        const [path = '', anchor] = link.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && !anchors(read(file)).has(anchor);
      });
    expect(broken).toEqual([]);
  });
});

it('sees lines at all', () => {
  expect(pages.flatMap((page) => typedLines(read(page))).length).toBeGreaterThan(30);
});
