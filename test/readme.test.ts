import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from './support/sandbox.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** What differs from run to run: times, ports, codes, temporary folders. */
const steady = (text: string) =>
  text
    .replace(/(\/\S*|~)\/sandbox\//g, '<sandbox>/')
    .replace(/[A-Z]{4}-[A-Z]{4}/g, '<code>')
    .replace(/(\d\d:\d\d \()[^)]*\)/g, '$1<span>)')
    .replace(/ok +\d+ ms/g, 'ok <ms>')
    .replace(/\d+ (min|h|d)( \d+ min)? left/g, '<span> left')
    .replace(/:\d{4,5}\b/g, ':<port>')
    .replace(/\d\d:\d\d/g, '<time>')
    .trim();

describe('README', () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    await sandbox.signIn('dana');
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  const transcript = /```console\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const [, ...steps] = transcript.split(/^\$ /m);
  const shown = steps.map((step) => {
    const [line = '', ...output] = step.split('\n');
    return { line, output: output.join('\n') };
  });

  it('shows a transcript', () => expect(shown.length).toBeGreaterThanOrEqual(4));

  it.each(shown.filter(({ line }) => !line.startsWith('forge login')))(
    '$ $line',
    async ({ line, output }) => {
      const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
      const { stdout, stderr } = await sandbox.forge(words.slice(1));
      expect(steady(stdout + stderr)).toBe(steady(output));
    },
  );

  it('names only commands that exist', async () => {
    const inCode = /(?:`|^ {4}|\$\(|-- )(?:npx )?forge ((?:db|config|sandbox) [a-z-]+|[a-z]+)(?=[ `"\n)])/gm;
    const named = new Set([...readme.matchAll(inCode)].map(([, name = '']) => name));
    const helps = await Promise.all(
      [...named].map(async (name) => ({
        name,
        code: (await sandbox.forge([...name.split(' '), '--help'])).code,
      })),
    );
    expect(helps.filter(({ code }) => code !== 0)).toEqual([]);
    expect(named.size).toBeGreaterThan(15);
  });

  it('quotes messages as forge says them', () => {
    const folder = join(root, 'src');
    const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('\n');
    const section = /\n\| you see [\s\S]*?\n\n/.exec(readme)?.[0] ?? '';
    const cells = section.split('\n').map((row) => row.split('|')[1] ?? '');
    const quoted = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
    const parts = quoted.flatMap((text) => text.split('…').map((part) => part.trim()));
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
    expect(quoted.length).toBeGreaterThan(10);
  });

  it('links only to what is there', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !link.includes('://'));
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
    expect(readdirSync(join(root, 'docs', 'decisions')).length).toBeGreaterThan(0);
  });
});
